import { errorCatalogue, type ErrorCode } from '../src/errors.ts';
import { fromCatalogue } from '../src/server/problem.ts';

const begin = '<!-- codes: npm run reference -->';
const end = '<!-- end of codes -->';

/** Puts the table of codes into the page. Throws when the page has no place for it. */
export function withErrorTable(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error('The page has no place for the table of codes.');
  return `${page.slice(0, from)}${begin}\n\n${errorTable()}\n\n${page.slice(to)}`;
}

function isCode(name: string): name is ErrorCode {
  return name in errorCatalogue;
}

function errorTable(): string {
  const rows = Object.keys(errorCatalogue)
    .filter(isCode)
    .sort()
    .map((code) => {
      const { kind, meaning } = errorCatalogue[code];
      return `| \`${code}\` | ${kind} | ${fromCatalogue(code).status} | ${meaning} |`;
    });
  return ['| code | kind | HTTP | meaning |', '|---|---|---|---|', ...rows].join('\n');
}
