import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'safe-stable-stringify';

/** Throws an Error that shows, line by line, where `actual` is not what was expected. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  // Compared as JSON writes them, as that is how they are stored: a field that is undefined is no field.
  const [is, wanted] = [lines(actual), lines(expected)];
  if (isDeepStrictEqual(is, wanted)) return;
  throw new Error(`${what} differ (- expected, + actual):\n${difference(wanted, is).join('\n')}`);
}

function lines(value: unknown): readonly string[] {
  return (stringify(value, null, 2) ?? 'undefined').split('\n');
}

/** The shortest way from one list of lines to the other, by the longest common subsequence. */
function difference(from: readonly string[], to: readonly string[]): string[] {
  const common = from.map(() => to.map(() => 0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = from.length - 1; i >= 0; i--) {
    const row = common[i] ?? [];
    for (let j = to.length - 1; j >= 0; j--) {
      row[j] = from[i] === to[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: string[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    if (i < from.length && j < to.length && from[i] === to[j]) {
      found.push(`  ${from[i]}`);
      i++;
      j++;
    } else if (j >= to.length || (i < from.length && at(i + 1, j) >= at(i, j + 1))) found.push(`- ${from[i++]}`);
    else found.push(`+ ${to[j++]}`);
  }
  return found;
}
