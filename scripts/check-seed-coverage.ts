import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import type { TestReport } from './count-tests.ts';
import { repository } from './development-tool.ts';
import { coverageFaults, coverageRows } from './seed-coverage.ts';

/**
 * Holds `docs/seed-coverage.md` against a test run: every number has its row and its proof, every file is there, and
 * every test that is named carries the number and has passed.
 *
 *     node scripts/check-seed-coverage.ts <folder with reports of vitest's JSON reporter>
 *
 * Exits with 1 when something is wrong. A test file of which no report speaks was not run; that is said, and no fault.
 */

/** The names of the tests that passed, by file. A later report of the same file (a second run) takes the earlier's place. */
function passedTests(folder: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const file of globSync('*.json', { cwd: folder }).sort(secondRunsLast)) {
    // Written by vitest, whose version is pinned.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const report = JSON.parse(readFileSync(join(folder, file), 'utf8')) as TestReport;
    for (const { name, assertionResults } of report.testResults) {
      const passed = assertionResults.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName);
      names.set(relative(repository, name), passed.join('\n'));
    }
  }
  return names;
}

function secondRunsLast(a: string, b: string): number {
  return Number(a.endsWith('-again.json')) - Number(b.endsWith('-again.json')) || a.localeCompare(b);
}

const [, , folder = '.'] = process.argv;
const rows = coverageRows(readFileSync(join(repository, 'docs/seed-coverage.md'), 'utf8'));
const passed = passedTests(folder);
const notRun = new Set(rows.flatMap(({ tests }) => tests).filter((test) => !passed.has(test)));
const faults = coverageFaults(
  rows.map((row) => {
    const run = row.tests.filter((test) => !notRun.has(test));
    // A row is held against a run that had all its tests.
    return run.length === row.tests.length ? row : { ...row, tests: [], files: [...row.files, ...row.tests] };
  }),
  (test) => passed.get(test) ?? '',
);
for (const test of notRun) process.stdout.write(`NOT RUN: ${test}, which the seed coverage names\n`);
for (const fault of faults) process.stdout.write(`docs/seed-coverage.md, ${fault}\n`);
const kept = rows.filter(({ later }) => later === undefined).reduce((sum, { numbers }) => sum + numbers.length, 0);
process.stdout.write(`${kept} promises of the seeds are kept by the files, tests and decisions that are named.\n`);
if (faults.length > 0) process.exitCode = 1;
