import { logLevels, logProperties } from '../../../telemetry/log-events.ts';
import type { Comparison, Expression, Literal } from './expression.ts';
import { queryError } from './query-error.ts';
import { tokensOf, type Token } from './tokens.ts';

/** What every line has besides the properties of the table. */
const ownProperties: { readonly [name: string]: 'text' } = {
  Timestamp: 'text',
  Message: 'text',
  MessageTemplate: 'text',
};

/** Names that Seq has for some of them. */
const otherNames: { readonly [name: string]: string } = {
  '@Timestamp': 'Timestamp',
  '@Message': 'Message',
  '@MessageTemplate': 'MessageTemplate',
  '@Level': 'Level',
  '@Exception': 'Exception',
  '@TraceId': 'TraceId',
  '@SpanId': 'SpanId',
};

const signs: { readonly [sign: string]: Comparison } = {
  '=': '=',
  '==': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

const deepest = 100;

/**
 * Parses a query such as `ServiceType = "OutboxWorker" AND Level = "Error"`. Words (`and`, `or`, `not`, `like`, `contains`,
 * `true`, `false`, `null`) may be in any letter case. Throws LOG_QUERY_INVALID, which says where.
 * @example const fits = compileExpression(parseQuery('ProcessingDurationMs > 500'));
 */
export function parseQuery(query: string): Expression {
  return new Parser(query).parse();
}

class Parser {
  readonly #query: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(query: string) {
    this.#query = query;
    this.#tokens = tokensOf(query);
  }

  parse(): Expression {
    const expression = this.#or();
    if (this.#token.kind !== 'end') throw this.#unexpected('and, or, or the end of the query');
    return expression;
  }

  get #token(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: this.#query.length };
  }

  #unexpected(wanted: string): Error {
    const { kind, text, at } = this.#token;
    return queryError(
      this.#query,
      at,
      `${kind === 'end' ? 'the query ends' : `stands ${text}`} where ${wanted} is expected`,
    );
  }

  /** Takes a word or sign when it is the next. */
  #takes(...words: readonly string[]): boolean {
    const { kind, text } = this.#token;
    const isIt = (kind === 'name' || kind === 'sign') && words.includes(text.toLowerCase());
    if (isIt) this.#next++;
    return isIt;
  }

  #or(): Expression {
    return this.#joined('or', ['or', '||'], () => this.#joined('and', ['and', '&&'], () => this.#not()));
  }

  #joined(kind: 'and' | 'or', words: readonly string[], part: () => Expression): Expression {
    const first = part();
    const parts = [first];
    while (this.#takes(...words)) parts.push(part());
    return parts.length === 1 ? first : { kind, parts };
  }

  #not(): Expression {
    if (++this.#depth > deepest)
      throw queryError(this.#query, this.#token.at, 'it goes deeper than anybody can follow');
    const expression = this.#takes('not', '!') ? ({ kind: 'not', part: this.#not() } as const) : this.#primary();
    this.#depth--;
    return expression;
  }

  #primary(): Expression {
    if (this.#takes('(')) {
      const expression = this.#or();
      if (!this.#takes(')')) throw this.#unexpected(')');
      return expression;
    }
    const property = this.#property();
    const operator = this.#operator();
    const literal = this.#literal(property, operator);
    return { kind: 'compare', property, operator, literal };
  }

  #property(): string {
    const { kind, text, at } = this.#token;
    if (kind !== 'name') throw this.#unexpected('the name of a property');
    const name = otherNames[text] ?? text;
    if (!isProperty(name)) {
      const meant = nearest(name);
      const hint = meant === undefined ? '' : `; ${meant} is meant perhaps`;
      throw queryError(this.#query, at, `stands ${text}, and there is no such property${hint}`);
    }
    this.#next++;
    return name;
  }

  #operator(): Comparison {
    const { kind, text } = this.#token;
    const sign = kind === 'sign' ? signs[text] : undefined;
    if (sign !== undefined) {
      this.#next++;
      return sign;
    }
    const isNot = this.#takes('not');
    if (this.#takes('like')) return isNot ? 'not like' : 'like';
    if (this.#takes('contains')) return isNot ? 'not contains' : 'contains';
    throw this.#unexpected(isNot ? 'like or contains' : 'a comparison (=, <>, <, <=, >, >=, like, contains)');
  }

  #literal(property: string, operator: Comparison): Literal {
    const { kind, text, at } = this.#token;
    const literal = literalOf(this.#token);
    if (literal === undefined) {
      const quotes =
        kind === 'name' ? `a text in quotation marks ("${text}")` : 'a text in quotation marks or a number';
      throw this.#unexpected(quotes);
    }
    const problem = unfitting(property, operator, literal);
    if (problem !== undefined) throw queryError(this.#query, at, problem);
    this.#next++;
    return literal;
  }
}

function literalOf({ kind, text }: Token): Literal | undefined {
  if (kind === 'number') return Number(text);
  if (kind === 'text') {
    const mark = text[0] ?? '"';
    return text.slice(1, -1).replaceAll(mark + mark, mark);
  }
  const words: { readonly [word: string]: Literal } = { true: true, false: false, null: null };
  return kind === 'name' ? words[text.toLowerCase()] : undefined;
}

/** A comparison that no line can fit is a mistake, and finding nothing would not say so. */
function unfitting(property: string, operator: Comparison, literal: Literal): string | undefined {
  const isPiece = operator.endsWith('like') || operator.endsWith('contains');
  if (isPiece && typeof literal !== 'string') return `${operator} wants a text in quotation marks`;
  if (literal === null) return operator === '=' || operator === '<>' ? undefined : `null goes with = and <> only`;
  const kind = isTableProperty(property) ? logProperties[property].kind : 'text';
  if (kind === 'number' && typeof literal !== 'number') return `${property} is a number, and a number is expected`;
  if (kind === 'text' && typeof literal !== 'string')
    return `${property} is a text, and a text in quotation marks is expected`;
  const isLevel = logLevels.some((level) => level === literal);
  if (property === 'Level' && (operator === '=' || operator === '<>') && !isLevel) {
    return `there is no such level; there are ${logLevels.join(', ')}`;
  }
  return undefined;
}

function isTableProperty(name: string): name is keyof typeof logProperties {
  return name in logProperties;
}

function isProperty(name: string): boolean {
  return isTableProperty(name) || Object.hasOwn(ownProperties, name);
}

/** The property whose name is most like this one, when it is like it at all. */
function nearest(name: string): string | undefined {
  const wanted = name.toLowerCase();
  const [best] = [...Object.keys(logProperties), ...Object.keys(ownProperties)]
    .map((known) => ({ known, distance: editDistance(wanted, known.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance);
  return best !== undefined && best.distance <= Math.max(2, name.length / 4) ? best.known : undefined;
}

function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(one).entries()) {
    const next = [index + 1];
    for (const [column, known] of Array.from(other).entries()) {
      const change = (row[column] ?? 0) + (letter === known ? 0 : 1);
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
