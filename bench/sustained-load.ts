import { checkInToUnlimitedQueue } from '../apps/waiting-room/domain/check-in-unlimited.ts';
import { MillraceError, type RunningSystem } from '../src/index.ts';
import { untilCaughtUp } from './bench-system.ts';
import { checkInCommand } from './check-ins.ts';
import { median } from './measure.ts';
import { callPaced } from './paced.ts';

/** What a load that lasts came to. */
export interface SustainedLoad {
  /** Check-ins that were stored and are in the read model. */
  readonly events: number;
  readonly refused: number;
  /** From the first call to the last answer. */
  readonly elapsedSeconds: number;
  /** From the last answer to the last event in the read model. */
  readonly drainSeconds: number;
  /** Decided and not in the read model yet: medians of the beginning and of the end, and the most. */
  readonly backlog: { readonly atStart: number; readonly atEnd: number; readonly most: number };
  /** Of the answers. */
  readonly p99Ms: number;
}

/** Sends check-ins at a steady rate to the command handler. Throws when one of them is not in the read model at the end. */
export async function sustainedLoad(
  system: RunningSystem,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<SustainedLoad> {
  const backlog: { readonly second: number; readonly events: number }[] = [];
  const begun = performance.now();
  const latencies: number[] = [];
  let decided = 0;
  let projected = 0;
  let refused = 0;
  const stopListening = system.readModels.onChanged((position) => {
    projected = Math.max(projected, position);
  });
  // A busy process has fewer turns than the interval asks for: each sample says when it was taken.
  const sampler = setInterval(() => {
    backlog.push({ second: (performance.now() - begun) / 1000, events: Math.max(0, decided - projected) });
  }, 100);
  try {
    const { elapsedSeconds } = await callPaced({ perSecond, calls: Math.round(perSecond * seconds) }, async (n) => {
      const before = performance.now();
      const command = checkInCommand(n, `queue-${n % 8}`);
      const result = await system.execute(checkInToUnlimitedQueue, command).catch((error: unknown) => {
        if (!(error instanceof MillraceError) || error.code !== 'QUEUE_FULL') throw error;
        // More comes than this machine can take: that shows in the figures.
        refused += 1;
      });
      if (result === undefined) return;
      decided = Math.max(decided, result.position);
      latencies.push(performance.now() - before);
    });
    clearInterval(sampler);
    const drainStart = performance.now();
    await untilCaughtUp(system);
    const drainSeconds = (performance.now() - drainStart) / 1000;
    const rows = await system.readModels.query<{ visits: number }>('select count(*)::int as visits from visits_view');
    if (rows[0]?.visits !== decided)
      throw new Error(`${decided} check-ins, ${rows[0]?.visits} visits in the read model`);
    const of = (from: number, to: number): number => {
      const samples = backlog.filter(({ second }) => second >= from && second < to);
      return Math.round(median(samples.map(({ events }) => events)));
    };
    const sorted = Float64Array.from(latencies).sort();
    return {
      events: decided,
      refused,
      elapsedSeconds,
      drainSeconds,
      backlog: {
        atStart: seconds >= 30 ? of(10, 20) : of(2, seconds / 2),
        atEnd: seconds >= 30 ? of(seconds - 10, seconds) : of(seconds / 2, seconds),
        most: Math.max(...backlog.map(({ events }) => events)),
      },
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    };
  } finally {
    clearInterval(sampler);
    stopListening();
  }
}
