import { queryError } from './query-error.ts';

/** One piece of a query with where it begins, counted from 0. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const patterns = [
  ['space', /(?:\s+|\/\/[^\n]*)/y],
  ['name', /@?[A-Za-z_][A-Za-z0-9_]*/y],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['text', /"(?:[^"]|"")*"|'(?:[^']|'')*'/y],
  ['sign', /<>|!=|==|<=|>=|&&|\|\||[=<>()!]/y],
] as const;

/** Splits a query. Ends with a token of kind `end`. Throws LOG_QUERY_INVALID. */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < query.length) {
    const found = next(query, at);
    if (found.kind !== 'space') tokens.push({ kind: found.kind, text: found.text, at });
    at += found.text.length;
  }
  return [...tokens, { kind: 'end', text: '', at }];
}

function next(query: string, at: number): { readonly kind: Token['kind'] | 'space'; readonly text: string } {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(query)?.[0];
    if (text !== undefined) return { kind, text };
  }
  const letter = query[at] ?? '';
  if (letter === '"' || letter === "'")
    throw queryError(query, at, `the text that begins here has no ${letter} at its end`);
  throw queryError(query, at, `${letter} has no meaning here`);
}
