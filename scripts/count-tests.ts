import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import process from 'node:process';

/**
 * Sums up reports of vitest's JSON reporter for `.ci/run`.
 *
 *     node scripts/count-tests.ts <report> <exit code>                            prints "passed failed skipped"
 *     node scripts/count-tests.ts <report> <exit code> <second report> <exit code>
 *                                  the same, with what the second run of the failed files found in their place
 *     node scripts/count-tests.ts --failed-files <report>       the files to run again, a line each
 *     node scripts/count-tests.ts --failed-tests <report>       what failed in them, a line each
 */

/** What is used of the report; see `JsonTestResults` in vitest's documentation. */
export interface TestReport {
  readonly testResults: readonly FileReport[];
}

export interface FileReport {
  /** Absolute path of the file. */
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A run that ended badly counts as at least one failed, whether or not a test says so. */
export function countTests(report: TestReport | undefined, exitCode: number): TestCounts {
  const atLeast = exitCode === 0 ? 0 : 1;
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const failed = tests.filter(({ status }) => status === 'failed').length;
  // A file that cannot be read, or a hook that throws, fails the file without failing a test.
  const files = report.testResults.filter((file) => isFailed(file) && failedTests(file).length === 0);
  return {
    passed,
    failed: Math.max(failed + files.length, atLeast),
    skipped: tests.length - passed - failed,
  };
}

/**
 * The first report with the files of the second in the place of their own. A file of which the second run says nothing
 * stays as it was.
 */
export function withSecondRun(first: TestReport, second: TestReport | undefined): TestReport {
  const again = new Map((second?.testResults ?? []).map((file) => [file.name, file]));
  return { testResults: first.testResults.map((file) => again.get(file.name) ?? file) };
}

/** The files in which something failed. */
export function failedFiles(report: TestReport | undefined): readonly string[] {
  return (report?.testResults ?? []).filter(isFailed).map(({ name }) => name);
}

function isFailed(file: FileReport): boolean {
  return file.status === 'failed' || failedTests(file).length > 0;
}

function failedTests(file: FileReport): readonly string[] {
  return file.assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
}

function readReport(file: string): TestReport | undefined {
  try {
    // Written by vitest, whose version is pinned.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(readFileSync(file, 'utf8')) as TestReport;
  } catch {
    return undefined; // it was stopped, or did not begin
  }
}

/** Lines for .ci/run: one for each test that failed, or for the file when none of its tests did. */
function describeFailures(report: TestReport | undefined): readonly string[] {
  return (report?.testResults ?? []).filter(isFailed).flatMap((file) => {
    const path = relative(process.cwd(), file.name);
    const tests = failedTests(file);
    return tests.length === 0 ? [path] : tests.map((test) => `${path}: ${test}`);
  });
}

function main(): readonly string[] {
  const [, , first = '', second = '', third, fourth = '1'] = process.argv;
  if (first === '--failed-files') return failedFiles(readReport(second)).map((name) => relative(process.cwd(), name));
  if (first === '--failed-tests') return describeFailures(readReport(second));
  const report = readReport(first);
  const counts =
    third === undefined || report === undefined
      ? countTests(report, Number(second))
      : countTests(withSecondRun(report, readReport(third)), Number(fourth));
  return [`${counts.passed} ${counts.failed} ${counts.skipped}`];
}

if (import.meta.main) for (const line of main()) process.stdout.write(`${line}\n`);
