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
