import { describe, expect, test } from 'vitest';
import { analyticsRange } from './analytics-range.ts';

const now = Date.parse('2026-02-19T10:30:00Z');
const texts = (asked: Parameters<typeof analyticsRange>[0]) => {
  const { from, to } = analyticsRange(asked, now);
  return [from.toISOString(), to.toISOString()];
};

describe('the range of the analytics', () => {
  test('is the last 24 hours, in whole hours, when nothing is asked', () => {
    expect(texts({})).toEqual(['2026-02-18T10:00:00.000Z', '2026-02-19T11:00:00.000Z']);
  });

  test('takes days, the last one to its end', () => {
    expect(texts({ from: '2026-02-01', to: '2026-02-02' })).toEqual([
      '2026-02-01T00:00:00.000Z',
      '2026-02-03T00:00:00.000Z',
    ]);
  });

  test('takes 31 days of a calendar in which clocks are turned back', () => {
    const october = { from: '2026-09-30T22:00:00Z', to: '2026-10-31T23:00:00Z' };
    expect(texts(october)).toEqual(['2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z']);
  });

  test.each([
    [{ from: '2026-09-30T22:00:00Z', to: '2026-10-31T23:00:00.001Z' }, 'from'],
    [{ from: '2026-02-20' }, 'to'],
    [{ from: '2025-12-01', to: '2026-02-01' }, 'from'],
    [{ to: 'yesterday' }, 'to'],
  ])('refuses %o and names the field', (asked, field) => {
    expect(() => analyticsRange(asked, now)).toThrow(
      expect.objectContaining({ code: 'REQUEST_INVALID', fields: [expect.objectContaining({ field })] }),
    );
  });
});
