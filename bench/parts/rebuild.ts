import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { startBenchSystem, untilCaughtUp } from '../bench-system.ts';
import type { Part } from '../part.ts';
import { loadVisits } from '../visits.ts';

const megabyte = 2 ** 20;

/** Both views of the waiting room built anew from the log, beside the live ones. */
export const part: Part = {
  name: 'rebuild',
  title: 'Rebuild: the whole read model from the log',
  run: async (context) => {
    const wanted = context.settings.events ?? (context.settings.quick ? 50_000 : 1_000_000);
    const { system } = await startBenchSystem(context, waitingRoom, 'rebuild');
    try {
      const load = await loadVisits(system.log, wanted, (loaded) => context.progress(`  ${loaded} events loaded`));
      const catchUpStart = performance.now();
      await untilCaughtUp(system, 600);
      const catchUpSeconds = load.seconds + (performance.now() - catchUpStart) / 1000;
      await context.settle();
      const before = await views(system.readModels);

      const memory: number[] = [];
      const start = performance.now();
      const sampler = setInterval(() => memory.push(process.memoryUsage().rss / megabyte), 50);
      await system.projections.rebuild('waiting-room');
      clearInterval(sampler);
      const seconds = (performance.now() - start) / 1000;
      const after = await views(system.readModels);
      if (after !== before) throw new Error('the rebuilt read model is another one than the live one was');

      const eventsPerSecond = Math.round(load.events / seconds);
      const half = Math.floor(memory.length / 2);
      const memoryMiB = { firstHalf: most(memory.slice(0, half)), secondHalf: most(memory.slice(half)) };
      const loadedPerSecond = Math.round(load.events / load.seconds);
      return {
        requirements: [
          { figure: 'events', value: eventsPerSecond, unit: '/s', atLeast: 50_000, target: 100_000 },
          { figure: 'memory, second half over first', value: memoryMiB.secondHalf / memoryMiB.firstHalf, atMost: 1.25 },
        ],
        figures: { events: load.events, seconds, eventsPerSecond, memoryMiB, loadedPerSecond, catchUpSeconds },
        table: {
          rows: [
            ['events', 'rebuilt in s', 'events/s', 'MiB first half', 'second half', 'loaded, events/s'],
            [
              load.events.toLocaleString('en'),
              seconds.toFixed(1),
              eventsPerSecond.toLocaleString('en'),
              ...[memoryMiB.firstHalf, memoryMiB.secondHalf].map((size) => size.toFixed(0)),
              loadedPerSecond.toLocaleString('en'),
            ],
          ],
          notes: ['the rebuilt views are compared with the live ones, row by row, by a hash'],
        },
      };
    } finally {
      await system.stop();
    }
  },
};

async function views(readModels: { query<R extends object>(sql: string): Promise<R[]> }): Promise<string> {
  const rows = await readModels.query<{ hash: string }>(
    `select (select md5(string_agg(md5(v::text), '' order by v.visit_id)) from visits_view v)
       || (select md5(string_agg(md5(q::text), '' order by q.queue_id)) from waiting_queue_view q) as hash`,
  );
  return rows[0]?.hash ?? '';
}

function most(values: readonly number[]): number {
  return values.reduce((highest, value) => Math.max(highest, value), 0);
}
