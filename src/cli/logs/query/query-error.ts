import { MillraceError } from '../../../errors.ts';

/** What is wrong with a query, with a mark below the place. `at` is counted from 0, what is said from 1. */
export function queryError(query: string, at: number, problem: string): MillraceError {
  // The mark stands right only below one line.
  const line = query.replaceAll(/\s/g, ' ');
  return new MillraceError('LOG_QUERY_INVALID', `At character ${at + 1} ${problem}.\n  ${line}\n  ${' '.repeat(at)}^`, {
    fields: [{ field: 'query', problem: `at character ${at + 1}: ${problem}` }],
  });
}
