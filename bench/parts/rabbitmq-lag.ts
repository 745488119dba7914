import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { startApart } from '../apart.ts';
import { untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import { callPaced } from '../paced.ts';
import type { Part, PartContext, Requirement } from '../part.ts';
import { openRabbit } from '../rabbit.ts';

interface Measured {
  readonly perSecond: number;
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly complete: boolean;
  readonly logReads: number;
}

/** From the decision in one process to the committed read model in another, through a quorum queue. */
export const part: Part = {
  name: 'rabbitmq-lag',
  title: 'Lag through RabbitMQ: api, relay and projector in three processes',
  run: async (context) => {
    const { quick, askedSeconds } = context.settings;
    const loads = [
      { perSecond: 5, calls: quick ? 50 : 1000 },
      { perSecond: 1000, calls: 1000 * (askedSeconds ?? (quick ? 5 : 60)) },
    ];
    const rabbit = await openRabbit((line) => context.progress(line));
    const measured: Measured[] = [];
    try {
      for (const load of loads) {
        const one = await measure(context, rabbit.url, load);
        measured.push(one);
        context.progress(`at ${load.perSecond}/s: p50 ${one.p50Ms.toFixed(1)} ms, p99 ${one.p99Ms.toFixed(1)} ms`);
      }
    } finally {
      await rabbit.stop();
    }
    return {
      requirements: measured.flatMap(({ perSecond, p50Ms, p99Ms, complete, logReads }): Requirement[] => [
        { figure: `p50 at ${perSecond}/s`, value: p50Ms, unit: 'ms', atMost: 8 },
        { figure: `p99 at ${perSecond}/s`, value: p99Ms, unit: 'ms', atMost: 30 },
        { figure: `complete at ${perSecond}/s`, value: complete ? 1 : 0, atLeast: 1 },
        { figure: `log reads at ${perSecond}/s`, value: logReads, atMost: 0 },
      ]),
      figures: { measured },
      table: {
        rows: [
          ['rate', 'events', 'p50 ms', 'p99 ms', 'max ms', 'complete', 'log reads'],
          ...measured.map(({ perSecond, events, p50Ms, p99Ms, maxMs, complete, logReads }) => [
            `${perSecond}/s`,
            events.toLocaleString('en'),
            ...[p50Ms, p99Ms, maxMs].map((time) => time.toFixed(2)),
            complete ? 'yes' : 'NO',
            String(logReads),
          ]),
        ],
        notes: ['PostgreSQL, RabbitMQ, the three roles and the load on one machine; timed behind the commit'],
      },
    };
  },
};

async function measure(
  context: PartContext,
  rabbitmqUrl: string,
  load: { readonly perSecond: number; readonly calls: number },
): Promise<Measured> {
  const apart = await startApart(context, `rabbitmq_lag_${load.perSecond}`, rabbitmqUrl);
  try {
    await context.settle();
    // The first seconds of young processes go to compiling; they are sent and must be complete, but are not timed.
    const warmUp = Math.ceil(load.perSecond * 3);
    const sent = warmUp + load.calls;
    const decidedAt = new Map<number, number>();
    await callPaced({ ...load, calls: sent }, async (n) => {
      const { events, position } = await apart.system.execute(
        checkInToUnlimitedQueue,
        checkInCommand(n, `queue-${n % 8}`),
      );
      decidedAt.set(position, events[0]?.occurredAt ?? Number.NaN);
    });
    await untilCaughtUp(apart.system, 60);
    const { commits, logReads } = await apart.projectorReport();
    const lags = new Float64Array(load.calls);
    let from = 1;
    for (const [position, at] of commits) {
      for (; from <= position; from += 1)
        if (from > warmUp) lags[from - warmUp - 1] = at - (decidedAt.get(from) ?? Number.NaN);
    }
    lags.sort();
    const quantile = (share: number): number => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))] ?? NaN;
    const rows = await apart.system.readModels.query<{ visits: number }>(
      'select count(*)::int as visits from visits_view',
    );
    return {
      perSecond: load.perSecond,
      events: load.calls,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      maxMs: quantile(1),
      complete: rows[0]?.visits === sent && from === sent + 1,
      logReads,
    };
  } finally {
    await apart.stop();
  }
}
