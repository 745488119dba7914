import { InvalidArgumentError } from 'commander';

/** Checks of option values, for commander. Each throws InvalidArgumentError, which becomes a USAGE error. */

/** A whole number within bounds. @example .option('--rate <n>', '…', wholeNumber(1, 100_000)) */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** One of a few words, collected when the option is repeated. */
export function oneOf<T extends string>(words: readonly T[]): (text: string, before?: readonly T[]) => readonly T[] {
  return (text, before = []) => {
    const word = words.find((known) => known === text);
    if (word === undefined) throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`);
    return before.includes(word) ? before : [...before, word];
  };
}

/** Words of a repeatable option. */
export function collect(word: string, before: readonly string[] = []): readonly string[] {
  return before.includes(word) ? before : [...before, word];
}

const timeUnits: { readonly [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `15m` ago, or an ISO time, in milliseconds since 1970. */
export function sinceWhen(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  // Date.parse understands much that nobody means, such as 5.
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  const milliseconds = count === undefined ? time : Date.now() - Number(count) * (timeUnits[unit] ?? 0);
  if (Number.isNaN(milliseconds)) throw new InvalidArgumentError('It must be 30s, 15m, 2h, 7d or an ISO time.');
  return milliseconds;
}
