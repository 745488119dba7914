import { emmettLag } from '../contestants/emmett-lag.ts';
import { millraceLag } from '../contestants/millrace-lag.ts';
import { callPaced } from '../paced.ts';
import type { Part, PartContext, Requirement } from '../part.ts';

/** Something whose way from decision to read model is timed. */
export interface LagContestant {
  /** Decides and stores one event. */
  send(): Promise<void>;
  /** Waits until all are in the read model, and tells the lags in milliseconds, oldest event first. */
  finish(sent: number): Promise<{
    readonly lagsMs: readonly number[];
    /** Every event took effect once, and whatever ledger there is has it. */
    readonly complete: boolean;
    readonly ledger?: object;
  }>;
  close(): Promise<void>;
}

interface Measured {
  readonly perSecond: number;
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly complete: boolean;
  readonly ledger?: object;
}

/** From the decision to the committed read model. */
export const part: Part = {
  name: 'lag',
  title: 'Lag: from the decision to the committed read model',
  run: async (context) => {
    const { quick, askedSeconds, only } = context.settings;
    const loads = [
      { perSecond: 5, calls: quick ? 50 : 1000 },
      { perSecond: 1000, calls: 1000 * (askedSeconds ?? (quick ? 5 : 60)) },
    ];
    const makers = {
      millrace: (name: string) => millraceLag(context, name),
      emmett: async (name: string) => emmettLag(await context.freshDatabase(name)),
    };
    const results: Record<string, Measured[]> = {};
    for (const load of loads) {
      for (const [name, make] of Object.entries(makers)) {
        if (only.length > 0 && !only.includes(name)) continue;
        const measured = await measure(context, await make(`lag_${name}_${load.perSecond}`), load);
        (results[name] ??= []).push(measured);
        context.progress(
          `${name} at ${load.perSecond}/s: p50 ${measured.p50Ms.toFixed(1)} ms, p99 ${measured.p99Ms.toFixed(1)} ms`,
        );
      }
    }
    const requirements = (results['millrace'] ?? []).flatMap(({ perSecond, p50Ms, p99Ms, complete }): Requirement[] => [
      { figure: `p50 at ${perSecond}/s`, value: p50Ms, unit: 'ms', atMost: 6 },
      { figure: `p99 at ${perSecond}/s`, value: p99Ms, unit: 'ms', atMost: 25 },
      { figure: `complete at ${perSecond}/s`, value: complete ? 1 : 0, atLeast: 1 },
    ]);
    return {
      requirements,
      figures: { results },
      table: {
        rows: [
          ['', 'rate', 'events', 'p50 ms', 'p99 ms', 'max ms', 'complete'],
          ...Object.entries(results).flatMap(([name, each]) =>
            each.map(({ perSecond, events, p50Ms, p99Ms, maxMs, complete }) => [
              name,
              `${perSecond}/s`,
              events.toLocaleString('en'),
              ...[p50Ms, p99Ms, maxMs].map((time) => time.toFixed(2)),
              complete ? 'yes' : 'NO',
            ]),
          ),
        ],
        notes: [
          'complete: every event has its effect once, and a row in the ledger with every stage, whose parts add up',
          'Millrace is timed behind the commit of the read model, Emmett inside its transaction, before the commit',
        ],
      },
    };
  },
};

async function measure(
  context: PartContext,
  contestant: LagContestant,
  load: { readonly perSecond: number; readonly calls: number },
): Promise<Measured> {
  try {
    await context.settle();
    // The first seconds of a young process go to compiling; they are sent and must be complete, but are not timed.
    const warmUp = Math.ceil(load.perSecond * 3);
    const sent = warmUp + load.calls;
    await callPaced({ ...load, calls: sent }, () => contestant.send());
    const { lagsMs, complete, ledger } = await contestant.finish(sent);
    const sorted = Float64Array.from(lagsMs.slice(warmUp)).sort();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
    const figures = { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
    return {
      perSecond: load.perSecond,
      events: load.calls,
      ...figures,
      complete: complete && sorted.length === load.calls,
      ...(ledger === undefined ? {} : { ledger }),
    };
  } finally {
    await contestant.close();
  }
}
