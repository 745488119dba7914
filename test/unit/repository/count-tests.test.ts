import { describe, expect, test } from 'vitest';
import { countTests, type TestReport } from '../../../scripts/count-tests.ts';

const report = (changes: Partial<TestReport> = {}): TestReport => ({
  numPassedTests: 7,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 0,
  testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }],
  ...changes,
});

describe('the sum of a test run', () => {
  test('is what vitest reports', () => {
    expect(countTests(report(), 0)).toEqual({ passed: 7, failed: 0, skipped: 1 });
  });

  test('counts a run without a report as one failed', () => {
    expect(countTests(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test('counts a file that failed outside its tests', () => {
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'passed' }] }];
    expect(countTests(report({ testResults }), 1).failed).toBe(1);
  });

  test('counts a file with failed tests by its tests', () => {
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'failed' }] }];
    expect(countTests(report({ numFailedTests: 2, testResults }), 1).failed).toBe(2);
  });

  test('does not believe a report of success when the run ended badly', () => {
    expect(countTests(report(), 1).failed).toBe(1);
  });
});
