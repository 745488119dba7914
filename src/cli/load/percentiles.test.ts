import { describe, expect, it } from 'vitest';
import { describePercentiles, percentilesOf } from './percentiles.ts';

describe('percentiles', () => {
  it('are values that occurred, by nearest rank', () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentilesOf(samples)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
    expect(percentilesOf([5])).toEqual({ count: 1, p50: 5, p95: 5, p99: 5, max: 5 });
  });

  it('of nothing are nothing, not zero', () => {
    expect(percentilesOf([])).toEqual({ count: 0, p50: null, p95: null, p99: null, max: null });
    expect(describePercentiles(percentilesOf([]))).toBe('p50 –, p95 –, p99 –, max –');
  });

  it('are shown finely where they are small', () => {
    expect(describePercentiles(percentilesOf([1.25, 250.4]))).toBe('p50 1.3 ms, p95 250 ms, p99 250 ms, max 250 ms');
  });
});
