import { readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * Sums up a report of vitest's JSON reporter for `.ci/run`: prints "passed failed skipped".
 *
 *     node scripts/count-tests.ts <report> <exit code of vitest>
 */

/** What is used of the report; see `JsonTestResults` in vitest's documentation. */
export interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
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
  // A file that cannot be read, or a hook that throws, fails the file without failing a test.
  const files = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: Math.max(report.numFailedTests + files.length, atLeast),
    skipped: report.numPendingTests + report.numTodoTests,
  };
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

if (import.meta.main) {
  const [, , file = '', exitCode = '1'] = process.argv;
  const { passed, failed, skipped } = countTests(readReport(file), Number(exitCode));
  process.stdout.write(`${passed} ${failed} ${skipped}\n`);
}
