import { describe, expect, test } from 'vitest';
import {
  countTests,
  failedFiles,
  withSecondRun,
  type FileReport,
  type TestReport,
} from '../../../scripts/count-tests.ts';

const file = (name: string, status: string, ...tests: readonly string[]): FileReport => ({
  name,
  status,
  assertionResults: tests.map((one, index) => ({ status: one, fullName: `${name} ${index}` })),
});

const report = (...testResults: readonly FileReport[]): TestReport => ({ testResults });
const good = file('a', 'passed', 'passed', 'passed', 'pending');

describe('the sum of a test run', () => {
  test('is what vitest reports', () => {
    expect(countTests(report(good), 0)).toEqual({ passed: 2, failed: 0, skipped: 1 });
  });

  test('counts a run without a report as one failed', () => {
    expect(countTests(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test('counts a file that failed outside its tests', () => {
    expect(countTests(report(file('a', 'failed', 'passed')), 1).failed).toBe(1);
  });

  test('counts a file with failed tests by its tests', () => {
    expect(countTests(report(file('a', 'failed', 'failed', 'failed', 'passed')), 1)).toMatchObject({
      passed: 1,
      failed: 2,
    });
  });

  test('does not believe a report of success when the run ended badly', () => {
    expect(countTests(report(good), 1).failed).toBe(1);
  });
});

describe('a second run of the files that failed', () => {
  const bad = file('b', 'failed', 'passed', 'failed');
  const hook = file('c', 'failed', 'passed');

  test('is of the files with a failed test or hook, and of no other', () => {
    expect(failedFiles(report(good, bad, hook))).toEqual(['b', 'c']);
    expect(failedFiles(undefined)).toEqual([]);
  });

  test('takes the place of the first for its files alone', () => {
    const again = report(file('b', 'passed', 'passed', 'passed'), file('c', 'failed', 'failed'));
    expect(countTests(withSecondRun(report(good, bad, hook), again), 1)).toEqual({ passed: 4, failed: 1, skipped: 1 });
  });

  test('that says nothing of a file leaves its failure', () => {
    expect(countTests(withSecondRun(report(good, bad), undefined), 1).failed).toBe(1);
    expect(countTests(withSecondRun(report(good, bad), report()), 0).failed).toBe(1);
  });
});
