import { Client } from 'pg';
import { openPostgresLog, type PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { prepareSystem } from '../bench-system.ts';
import { inFlight } from '../contestants/contestant.ts';
import { requestOf } from '../contestants/millrace.ts';
import { compare, measureClosedLoop, type Round, summarize } from '../measure.ts';
import { orderSystem } from '../order-system.ts';
import type { Part, PartContext } from '../part.ts';

/** Somebody left a transaction open in the event store: a report, a backup, a forgotten console. */
export const part: Part = {
  name: 'old-snapshot',
  title: 'Old snapshot: appends while a snapshot is held open, against none',
  run: async (context) => {
    const { quick, askedSeconds } = context.settings;
    const underSnapshot = askedSeconds ?? (quick ? 4 : 60);
    // Slices in turn, so that both sides see the same machine.
    const sliceSeconds = Math.min(5, underSnapshot / 2);
    const slices = Math.ceil(underSnapshot / sliceSeconds);
    const without: Round[] = [];
    const withSnapshot: Round[] = [];
    const logs: PostgresLog[] = [];
    let holder: Client | undefined;
    try {
      const free = await open(context, 'snapshot_none', logs);
      const held = await open(context, 'snapshot_held', logs);
      for (const { log } of [free, held]) await load(log, context.settings.warmUpSeconds);
      holder = await holdSnapshot(held.url);
      const since = performance.now();
      for (let slice = 1; slice <= slices; slice += 1) {
        await context.settle();
        without.push(await load(free.log, sliceSeconds));
        withSnapshot.push(await load(held.log, sliceSeconds));
        const age = (performance.now() - since) / 1000;
        context.progress(`snapshot ${age.toFixed(0)} s old: ${rate(withSnapshot)}/s, none: ${rate(without)}/s`);
      }
    } finally {
      await holder?.end();
      for (const log of logs) await log.close();
    }
    const ratio = compare(withSnapshot, without);
    const lastThird = Math.ceil(slices / 3);
    const oldest = compare(withSnapshot.slice(-lastThird), without.slice(-lastThird));
    const [none, held] = [summarize(without), summarize(withSnapshot)];
    return {
      requirements: [
        { figure: 'ratio', value: ratio.median, atLeast: 0.8 },
        { figure: 'ratio in the last third', value: oldest.median, atLeast: 0.8 },
      ],
      figures: { inFlight, loadSecondsUnderSnapshot: underSnapshot, none, held, ratio, ratioInTheLastThird: oldest },
      table: {
        rows: [
          ['', 'events/s', 'min', 'max', 'p99 ms'],
          ...Object.entries({ none, 'snapshot held': held }).map(([name, { opsPerSecond, min, max, p99Ms }]) => [
            name,
            ...[opsPerSecond, min, max].map((figure) => figure.toLocaleString('en')),
            p99Ms.toFixed(2),
          ]),
        ],
        notes: [
          `${underSnapshot} s of load under one snapshot, in slices that alternate with the other side`,
          `held over none: ${ratio.median} (${ratio.min}–${ratio.max}), in the last third ${oldest.median}`,
        ],
      },
    };
  },
};

async function open(
  context: PartContext,
  name: string,
  logs: PostgresLog[],
): Promise<{ log: PostgresLog; url: string }> {
  const { eventStoreUrl: url } = await prepareSystem(context, orderSystem, name);
  const log = openPostgresLog({ url, name: orderSystem.name, names: orderSystem.tables });
  logs.push(log);
  return { log, url };
}

async function holdSnapshot(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('begin isolation level repeatable read');
  await client.query(`select count(*) from ${orderSystem.tables.events}`);
  return client;
}

async function load(log: PostgresLog, seconds: number): Promise<Round> {
  const measured = await measureClosedLoop({
    callers: inFlight,
    eventsPerCall: 1,
    seconds,
    call: async () => {
      const outcome = await log.append(requestOf('all'));
      if (outcome.outcome !== 'stored') throw new Error(`the append was answered with ${outcome.outcome}`);
    },
  });
  return measured.round;
}

function rate(rounds: readonly Round[]): number {
  return Math.round(rounds.at(-1)?.opsPerSecond ?? 0);
}
