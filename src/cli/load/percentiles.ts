/** The usual points of a distribution, in the unit of the samples; null without samples. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** Exact percentiles (nearest rank). Sorts a copy. */
export function percentilesOf(samples: readonly number[]): Percentiles {
  const sorted = Float64Array.from(samples).sort();
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { count: sorted.length, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) };
}

function ms(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

/** `p50 1.2 ms, p95 3.4 ms, …` */
export function describePercentiles(points: Percentiles): string {
  return `p50 ${ms(points.p50)}, p95 ${ms(points.p95)}, p99 ${ms(points.p99)}, max ${ms(points.max)}`;
}
