/** One measured round of one contestant. */
export interface Round {
  /** Events stored per second. */
  readonly opsPerSecond: number;
  /** Latency of one call as its caller sees it, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The rounds of one contestant in one line: medians, and the slowest and fastest round. */
export interface Summary extends Round {
  readonly min: number;
  readonly max: number;
}

/** A ratio of two contestants, taken round by round. */
export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Callers in a closed loop: each waits for its answer before it sends the next call. */
export interface ClosedLoop {
  readonly callers: number;
  readonly seconds: number;
  readonly eventsPerCall: number;
  call(caller: number): Promise<void>;
}

/**
 * Runs a closed loop and measures it. The clock stops when the last call that was under way has its answer, so that
 * every counted event was answered within the time it is divided by.
 */
export async function measureClosedLoop(loop: ClosedLoop): Promise<{ round: Round; events: number }> {
  const latencies: number[] = [];
  const start = performance.now();
  const deadline = start + loop.seconds * 1000;
  const caller = async (number: number): Promise<void> => {
    let now = performance.now();
    while (now < deadline) {
      await loop.call(number);
      const after = performance.now();
      latencies.push(after - now);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: loop.callers }, (_, number) => caller(number)));
  const elapsedSeconds = (performance.now() - start) / 1000;
  const events = latencies.length * loop.eventsPerCall;
  const sorted = Float64Array.from(latencies).sort();
  return {
    round: {
      opsPerSecond: events / elapsedSeconds,
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
    },
    events,
  };
}

/** Medians over the rounds; throughput with its slowest and fastest round. */
export function summarize(rounds: readonly Round[]): Summary {
  const throughputs = rounds.map((round) => round.opsPerSecond);
  return {
    opsPerSecond: Math.round(median(throughputs)),
    min: Math.round(Math.min(...throughputs)),
    max: Math.round(Math.max(...throughputs)),
    p50Ms: roundTo(median(rounds.map((round) => round.p50Ms)), 3),
    p99Ms: roundTo(median(rounds.map((round) => round.p99Ms)), 3),
  };
}

/** How many times as many events as `other`, round by round: neighbours in time shared the machine's mood. */
export function compare(rounds: readonly Round[], other: readonly Round[]): Ratio {
  const ratios = rounds.flatMap((round, index) => {
    const opposite = other[index];
    return opposite === undefined ? [] : [round.opsPerSecond / opposite.opsPerSecond];
  });
  return {
    median: roundTo(median(ratios), 2),
    min: roundTo(Math.min(...ratios), 2),
    max: roundTo(Math.max(...ratios), 2),
  };
}

/** The middle value, or the mean of the middle two. Throws on an empty list: a figure out of nothing is a defect. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('the median of no values');
  return (lower + upper) / 2;
}

function quantile(sorted: Float64Array, share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new RangeError('a quantile of no values');
  return value;
}

function roundTo(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
