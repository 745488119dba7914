import { normalisedName, normalisedPatientId } from '../domain/names.ts';

/** Letters without their accents, in lower case; words in order, so that who writes the last name first is found. */
function wordsOf(name: string): string[] {
  return normalisedName(name)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .toSorted();
}

/** Letters that have to change to make one word of the other; more than `most` counts as `most + 1`. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    before = row;
  }
  return before[b.length] ?? 0;
}

/** One mistake in a short name, two in a longer one. */
const mistakes = (text: string): number => (text.length < 8 ? 1 : 2);

/**
 * Whether two names may be one person's: the same words in any order, with or without accents, with a typing error or
 * two; or all words of one among those of the other. @example looksAlike('José García', 'Garcia, Jose') // true
 */
export function looksAlike(a: string, b: string): boolean {
  const [one, other] = [wordsOf(a), wordsOf(b)];
  const [fewer, more] = one.length <= other.length ? [one, other] : [other, one];
  if (fewer.length >= 2 && fewer.every((word) => more.includes(word))) return true;
  const [x, y] = [one.join(' '), other.join(' ')];
  return x === y || (x.length >= 5 && distance(x, y, mistakes(x)) <= mistakes(x));
}

/** Ids are the same in any letter case. */
export function sameId(a: string, b: string): boolean {
  return normalisedPatientId(a) === normalisedPatientId(b);
}
