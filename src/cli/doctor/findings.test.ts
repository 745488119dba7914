import { describe, expect, it } from 'vitest';
import {
  describeFindings,
  judgeDeadLetters,
  judgeDisk,
  judgeLag,
  judgeOutbox,
  judgeProjection,
  judgeReadiness,
  judgeRefused,
} from './findings.ts';

const gib = 1024 ** 3;

describe('the doctor', () => {
  it.each([
    [null, 'OK'],
    [3, 'OK'],
    [99.9, 'OK'],
    [100, 'WARN'],
    [1_000, 'WARN'],
    [1_001, 'FAIL'],
  ])('an average lag of %s ms is %s', (avgLagMs, status) => {
    expect(judgeLag({ avgLagMs })).toMatchObject({ status });
  });

  it('does not hold the first events of a process against it', () => {
    expect(judgeLag({ avgLagMs: 900, processedCount: 1 })).toMatchObject({ status: 'OK' });
    expect(judgeLag({ avgLagMs: 1_500, processedCount: 19 })).toMatchObject({ status: 'OK' });
    expect(judgeLag({ avgLagMs: 900, processedCount: 20 })).toMatchObject({ status: 'WARN' });
  });

  it.each([
    [0, 0, 'OK'],
    [500, 15, 'OK'], // 7,000/s have that many on the way
    [5, 5_000, 'OK'],
    [5, 60_000, 'WARN'],
    [50, 5_000, 'WARN'],
    [500, 5_000, 'FAIL'],
  ])('%s pending events, the oldest %s ms old: %s', (count, oldestAgeMs, status) => {
    expect(judgeOutbox({ count, oldestAgeMs })).toMatchObject({ status });
  });

  const projection = { projectionId: 'orders', position: 7, headPosition: 9, eventId: 'e7', isHealthy: true, lagMs: 0 };

  it('is content with a projection that moves on its own log', () => {
    expect(judgeProjection(projection, 'e7')).toMatchObject({ status: 'OK', detail: 'at 7 of 9' });
    expect(judgeProjection({ ...projection, position: 0, eventId: null }, null)).toMatchObject({ status: 'OK' });
  });

  it.each([
    ['whose checkpoint lies beyond the log', { position: 12 }, 'e7', 'FAIL'],
    ['whose checkpoint names another event than the log has there', {}, 'e8', 'FAIL'],
    ['whose checkpoint names an event that the log does not have', {}, null, 'FAIL'],
    ['that is not healthy', { isHealthy: false, errorMessage: 'boom' }, 'e7', 'FAIL'],
    ['that is 10 s behind', { lagMs: 10_000 }, 'e7', 'WARN'],
    ['that is 31 s behind', { lagMs: 31_000 }, 'e7', 'FAIL'],
  ])('finds a projection %s', (_name, change, atCheckpoint, status) => {
    const finding = judgeProjection({ ...projection, ...change }, atCheckpoint);
    expect(finding).toMatchObject({ status, check: 'projection orders' });
    expect(finding.advice).toBeTruthy();
  });

  it('names every broken part that readiness tells of', () => {
    const checks = [
      { name: 'event store', healthy: true, detail: null },
      { name: 'read models', healthy: false, detail: 'no connection' },
    ];
    expect(judgeReadiness(503, checks).map(({ status, check }) => [status, check])).toEqual([
      ['FAIL', 'databases'],
      ['FAIL', 'health of read models'],
    ]);
    expect(judgeReadiness(200, [{ name: 'event store', healthy: true }])).toMatchObject([{ status: 'OK' }]);
  });

  it('does not overlook parked events, nor a full disk', () => {
    expect(judgeDeadLetters([])).toMatchObject({ status: 'OK' });
    expect(judgeRefused({ count: 0 })).toMatchObject({ status: 'OK' });
    const refused = { count: 120, parked: 120, oldestAgeMs: 60_000, backlogAgeMs: 0 };
    expect(judgeRefused(refused)).toMatchObject({ status: 'WARN' });
    expect(judgeOutbox(refused)).toMatchObject({ status: 'OK' });
    expect(judgeDeadLetters([{ status: 'failed' }, { status: 'waiting' }])).toMatchObject({
      status: 'WARN',
      detail: '1 failed, 1 waiting behind them',
    });
    expect(judgeDisk('/data', 50 * gib, 100 * gib)).toMatchObject({ status: 'OK' });
    expect(judgeDisk('/data', 3 * gib, 100 * gib)).toMatchObject({ status: 'WARN' });
    expect(judgeDisk('/data', 0.1 * gib, 100 * gib)).toMatchObject({ status: 'FAIL' });
  });

  it('writes one line for each check, and what to do below', () => {
    const findings = [judgeLag({ avgLagMs: 2 }), judgeDeadLetters([{ status: 'failed' }])];
    expect(describeFindings(findings)).toEqual([
      'OK    lag           avgLagMs 2.0',
      'WARN  dead letters  1 failed, 0 waiting behind them',
      '                    Run: millrace dead-letters list',
    ]);
  });
});
