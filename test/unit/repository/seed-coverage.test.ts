import { describe, expect, test } from 'vitest';
import {
  coverageFaults,
  coverageRows,
  lastSeedNumber,
  seedName,
  seedNumbersIn,
} from '../../../scripts/seed-coverage.ts';
import { readRepositoryFile } from './repository-files.ts';

const rest = (from: number): string => `| ${seedName(from)}–${seedName(lastSeedNumber)} | … | … | \`later: part\` |`;
const faultsOf = (first: string, names = ''): readonly string[] =>
  coverageFaults(coverageRows([first, rest(3)].join('\n')), () => names);

describe('the coverage of the seeds', () => {
  test('names a proof of every promise of the waiting room, and every file and test that it names is there', () => {
    const rows = coverageRows(readRepositoryFile('docs/seed-coverage.md'));
    expect(coverageFaults(rows, readRepositoryFile)).toEqual([]);
  });
});

describe('the check of the coverage', () => {
  test('counts ranges out', () => {
    expect(seedNumbersIn('S005, S007–S009 and S002: S12')).toEqual([2, 5, 7, 8, 9]);
  });

  test('takes a file, a folder, a link and a test that carries the numbers', () => {
    expect(
      faultsOf('| S001, S002 | a | b | `README.md`, `src/lag/`, [0003](decisions/README.md#the-records) |'),
    ).toEqual([]);
    expect(faultsOf('| S001, S002 | a | b | `test/e2e/server.test.ts` |', 'S001–S002: works')).toEqual([]);
  });

  test('notices a row without proof, a file that is not there, a number that is missing or doubled', () => {
    expect(faultsOf('| S001, S002 | a | b | done |')).toEqual(['line 1: names no proof']);
    expect(faultsOf('| S001, S002 | a | b | `src/nowhere.ts` |')).toEqual(['line 1: src/nowhere.ts is not there']);
    expect(faultsOf('| S001 | a | b | `README.md` |')).toEqual(['S002 is in no row']);
    expect(faultsOf('| S001–S003 | a | b | `README.md` |')).toEqual(['line 2: S003 stands in line 1 as well']);
  });

  test('notices a test that does not carry a number of its row', () => {
    expect(faultsOf('| S001, S002 | a | b | `test/e2e/server.test.ts` |', 'S001: works')).toEqual([
      'line 1: no test of the row carries S002',
    ]);
    expect(faultsOf('| S001, S002 | a | b | `test/e2e/server.test.ts` |', 'works')[0]).toBe(
      'line 1: test/e2e/server.test.ts carries no number of the row',
    );
  });
});
