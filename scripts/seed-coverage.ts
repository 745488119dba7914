import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { repository } from './development-tool.ts';

/**
 * Reads `docs/seed-coverage.md`: which promise of the seed documents is kept by which file, test or decision.
 *
 * A row is `| numbers | promise | what stands for it | proof or state |`. Numbers are `S001`, `S005, S006` or
 * `S017–S019`. The last column of a promise that is kept names its proof: a test (`test/http/x.test.ts`, whose tests
 * carry the number in their names), another file (`src/lag/`, `docker-compose.yml`) or a decision (a link). That of a
 * promise of a part that is not built says `later: …`.
 */

export const lastSeedNumber = 872;

export interface CoverageRow {
  readonly numbers: readonly number[];
  /** Line of the document, from 1. */
  readonly line: number;
  /** Files with test names that carry the numbers, as paths from the repository's folder. */
  readonly tests: readonly string[];
  /** Other files and folders, as paths from the repository's folder. */
  readonly files: readonly string[];
  /** The part that the promise waits for; undefined when it is kept. */
  readonly later: string | undefined;
}

/** `S012` as it is written. */
export const seedName = (number: number): string => `S${String(number).padStart(3, '0')}`;

/**
 * The numbers that a text names, ranges counted out, sorted and each once.
 * @example seedNumbersIn('S005, S007–S009: …') // [5, 7, 8, 9]
 */
export function seedNumbersIn(text: string): readonly number[] {
  const numbers = new Set<number>();
  for (const [, from = '', to = from] of text.matchAll(/\bS(\d{3})\b(?:\s?[–-]\s?S(\d{3})\b)?/g)) {
    for (let number = Number(from); number <= Number(to); number += 1) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

/** The rows of all tables whose first column is `numbers`. */
export function coverageRows(document: string): readonly CoverageRow[] {
  return document.split('\n').flatMap((text, index) => {
    const [numbers = '', , , proof = ''] = text.split(/(?<!\\)\|/).slice(1, -1);
    if (!/^\s*S\d{3}/.test(numbers)) return [];
    const later = /`later: ([^`]+)`/.exec(proof)?.[1];
    const paths = later === undefined ? pathsIn(proof) : [];
    return [
      {
        numbers: seedNumbersIn(numbers),
        line: index + 1,
        tests: paths.filter((path) => path.endsWith('.test.ts')),
        files: paths.filter((path) => !path.endsWith('.test.ts')),
        later,
      },
    ];
  });
}

function pathsIn(proof: string): readonly string[] {
  const named = [...proof.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
  const linked = [...proof.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, path = '']) => posix.join('docs', path));
  return [...named, ...linked];
}

/**
 * What is wrong with the table by itself, a line each: a number that is missing or stands twice, a promise without a
 * proof, a file that is not there, a test that does not carry the number. `namesOf` gives the names of the tests in a
 * file, or its text.
 */
export function coverageFaults(rows: readonly CoverageRow[], namesOf: (test: string) => string): readonly string[] {
  const faults: string[] = [];
  const seen = new Map<number, number>();
  for (const { numbers, line, tests, files, later } of rows) {
    const where = `line ${line}`;
    for (const number of numbers) {
      const before = seen.get(number);
      if (before !== undefined) faults.push(`${where}: ${seedName(number)} stands in line ${before} as well`);
      seen.set(number, line);
    }
    if (later !== undefined) continue;
    if (tests.length + files.length === 0) faults.push(`${where}: names no proof`);
    for (const path of [...tests, ...files]) {
      if (!existsSync(join(repository, path))) faults.push(`${where}: ${path} is not there`);
    }
    faults.push(...carried(numbers, tests, namesOf).map((fault) => `${where}: ${fault}`));
  }
  for (let number = 1; number <= lastSeedNumber; number += 1) {
    if (!seen.has(number)) faults.push(`${seedName(number)} is in no row`);
  }
  return faults;
}

/** Where a row names tests, each number is carried by one of them, and each of them carries one. */
function carried(
  numbers: readonly number[],
  tests: readonly string[],
  namesOf: (test: string) => string,
): readonly string[] {
  if (tests.length === 0) return [];
  const wanted = new Set(numbers);
  const byTest = tests.map((test) => ({
    test,
    carries: seedNumbersIn(namesOf(test)).filter((number) => wanted.has(number)),
  }));
  const all = new Set(byTest.flatMap(({ carries }) => carries));
  return [
    ...byTest.filter(({ carries }) => carries.length === 0).map(({ test }) => `${test} carries no number of the row`),
    ...numbers.filter((number) => !all.has(number)).map((number) => `no test of the row carries ${seedName(number)}`),
  ];
}
