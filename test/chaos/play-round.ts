import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../support/seeded-random.ts';
import type { Verdict } from './conservation.ts';
import type { Fault, Scene } from './fault.ts';
import { noAnswerInTime, PersistentLoad } from './persistent-load.ts';
import { ProgressWatch } from './progress-watch.ts';
import { ReadinessWatch } from './readiness-watch.ts';
import type { Stage } from './stage.ts';

/** Answers are waited for so long after the load, and the read models as well. */
const patienceMs = 120_000;

export interface RoundOptions {
  readonly stage: Stage;
  readonly fault: Fault;
  /** Repeats the moments of this round. */
  readonly seed: number;
  /** Commands a second. */
  readonly rate: number;
  /** Compares all rows of the read models at the end, not only the new ones. */
  readonly whole: boolean;
  readonly signal: AbortSignal;
}

/** What one round came to. */
export interface RoundResult {
  readonly fault: string;
  readonly seed: number;
  readonly verdict: Verdict;
  /** The longest time between two accepting answers while commands were sent, in milliseconds. */
  readonly acceptStallMs: number;
  /** The longest time in which a read model did not move although it had to. */
  readonly readModelStallMs: number;
  /** The longest time without a step from the marked moment on; undefined when none was marked. */
  readonly takeoverMs: number | undefined;
  /** Attempts that were answered with 5xx, and attempts without an answer. */
  readonly failedAttempts: number;
  readonly lostAttempts: number;
  /** Why attempts were made again, and how often. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Figures of the fault's own. */
  readonly figures: ReadonlyMap<string, number>;
  /** Where it stood still, one by one. */
  readonly stalls: string;
  /** Promises that did not hold, in words. Empty: all is well. */
  readonly violations: readonly string[];
}

/** Load, a fault in the middle of it, and the check of everything at the end. */
export async function playRound(options: RoundOptions): Promise<RoundResult> {
  const { stage, fault, seed, rate, signal } = options;
  // Chance of its own for fault and load: how many commands were sent by then must not move the fault's moments.
  const random = new SeededRandom(seed);
  const run = seed.toString(36);
  const load = new PersistentLoad(stage.apiUrls, run, rate, new SeededRandom(seed + 1));
  const watch = new ProgressWatch(stage.eventStoreUrl, stage.readModelsUrl, () => load.highestPosition);
  const violations: string[] = [];
  const figures = new Map<string, number>();
  let countedFrom: number | undefined;
  const scene: Scene = {
    stage,
    random,
    load,
    countFromNow: () => (countedFrom = performance.now()),
    violated: (text) => violations.push(text),
    measured: (name, ms) => figures.set(name, Math.max(ms, figures.get(name) ?? 0)),
    signal,
  };
  const readiness = new ReadinessWatch(stage.apiUrls);
  watch.start();
  readiness.start();
  const begunAt = performance.now();
  load.start();
  let endedAt = begunAt;
  try {
    await pause(random.between(500, 1_500), undefined, { signal });
    try {
      await fault.play(scene);
    } catch (error) {
      if (signal.aborted) throw error;
      violations.push(error instanceof Error ? error.message : String(error));
    }
    await pause(800, undefined, { signal });
    endedAt = performance.now();
    const journal = await load.finish(patienceMs);
    const late = await drained(stage, signal);
    if (late !== undefined) violations.push(late);
    await watch.stop();
    await readiness.stop();
    const verdict = await stage.conservation.check([journal], options.whole);
    const { failedAttempts, lostAttempts } = journal;
    // An answer that took too long on a busy machine is no refusal; it was sent again and is counted.
    const refusals = failedAttempts + lostAttempts - (journal.reasons.get(noAnswerInTime) ?? 0);
    if (fault.refusesNothing && refusals > 0) {
      violations.push(`${refusals} attempts failed or were cut off, and none may: ${describe(journal.reasons)}`);
    }
    if (fault.refusesNothing && readiness.unready > 0) {
      violations.push(
        `/health/ready said ${readiness.unready} times that no commands can be accepted: ${readiness.said}`,
      );
    }
    violations.push(...verdict.examples);
    return {
      fault: fault.name,
      seed,
      verdict,
      acceptStallMs: longestGap([begunAt, ...load.acceptedAt.filter((at) => at < endedAt), endedAt]),
      readModelStallMs: watch.longestReadModelStall(),
      takeoverMs: countedFrom === undefined ? undefined : takeover(fault, watch, load, countedFrom),
      failedAttempts,
      lostAttempts,
      reasons: journal.reasons,
      figures,
      stalls: watch.describeStalls(),
      violations,
    };
  } finally {
    await load.finish(0);
    await watch.stop();
    await readiness.stop();
  }
}

/** Waits until everything is where it belongs. Says what was not, in the end. */
async function drained(stage: Stage, signal: AbortSignal): Promise<string | undefined> {
  const begun = performance.now();
  let left: string[] = [];
  while (performance.now() - begun < patienceMs) {
    left = await stage.conservation.underWay().catch((error: unknown) => [String(error)]);
    if (left.length === 0) return undefined;
    await pause(100, undefined, { signal });
  }
  return `after ${patienceMs / 1_000} s: ${left.join('; ')}`;
}

function takeover(fault: Fault, watch: ProgressWatch, load: PersistentLoad, since: number): number | undefined {
  if (fault.takeover === 'relay') return watch.longestCursorStall(since);
  if (fault.takeover === 'projector') return watch.longestReadModelStall(since);
  if (fault.takeover === undefined) return undefined;
  return longestGap([since, ...load.acceptedAt.filter((at) => at >= since)]);
}

function longestGap(moments: readonly number[]): number {
  let longest = 0;
  for (const [index, at] of moments.entries()) {
    const before = moments[index - 1];
    if (before !== undefined) longest = Math.max(longest, at - before);
  }
  return Math.round(longest);
}

function describe(reasons: ReadonlyMap<string, number>): string {
  return [...reasons].map(([reason, times]) => `${reason}: ${times}`).join(', ');
}
