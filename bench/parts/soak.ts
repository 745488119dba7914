import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { startApart } from '../apart.ts';
import { untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import type { Memory } from '../collected-heap.ts';
import { callPaced } from '../paced.ts';
import type { Part } from '../part.ts';
import { openRabbit } from '../rabbit.ts';

const perSecond = 500;
const megabyte = 2 ** 20;

interface Sample {
  readonly second: number;
  readonly memory: ReadonlyMap<string, Memory>;
}

/** A steady load through RabbitMQ and three processes: what is kept for ever shows as a heap that grows. */
export const part: Part = {
  name: 'soak',
  title: 'Soak: 500 check-ins a second through RabbitMQ, and the memory of each process',
  run: async (context) => {
    const { quick, askedSeconds } = context.settings;
    const seconds = askedSeconds ?? (quick ? 30 : 1800);
    const rabbit = await openRabbit((line) => context.progress(line));
    const apart = await startApart(context, 'soak', rabbit.url);
    const samples: Sample[] = [];
    try {
      const slices = 18;
      const perSlice = Math.round((perSecond * seconds) / slices);
      let sent = 0;
      for (let slice = 1; slice <= slices; slice += 1) {
        await callPaced({ perSecond, calls: perSlice }, async () => {
          const n = (sent += 1);
          await apart.system.execute(checkInToUnlimitedQueue, checkInCommand(n, `queue-${n % 8}`));
        });
        const memory = await apart.memory();
        samples.push({ second: Math.round((slice * seconds) / slices), memory });
        context.progress(`${samples.at(-1)?.second} s: ${describe(memory)}`);
      }
      await untilCaughtUp(apart.system, 60);
      const rows = await apart.system.readModels.query<{ visits: number }>(
        'select count(*)::int as visits from visits_view',
      );
      if (rows[0]?.visits !== sent) throw new Error(`${sent} check-ins, ${rows[0]?.visits} visits in the read model`);
    } finally {
      await apart.stop();
      await rabbit.stop();
    }
    const settled = samples.filter(({ second }) => second >= seconds / 3);
    const roles = [...(samples[0]?.memory.keys() ?? [])].map((role) => {
      const heaps = settled.map(({ second, memory }) => ({ second, bytes: memory.get(role)?.heap ?? 0 }));
      const first = settled[0]?.memory.get(role)?.resident ?? Number.NaN;
      const last = settled.at(-1)?.memory.get(role)?.resident ?? Number.NaN;
      return { role, heapMbPerHour: (slope(heaps) * 3600) / megabyte, resident: last / first };
    });
    return {
      requirements: roles.flatMap(({ role, heapMbPerHour, resident }) => [
        { figure: `heap of ${role}`, value: heapMbPerHour, unit: 'MB/h', atMost: 4 },
        { figure: `resident memory of ${role}, end against a third`, value: resident, atMost: 1.1 },
      ]),
      figures: { seconds, perSecond, roles },
      table: {
        rows: [
          ['process', 'heap MB/h', 'resident memory, end against a third of the time'],
          ...roles.map(({ role, heapMbPerHour, resident }) => [role, heapMbPerHour.toFixed(1), resident.toFixed(2)]),
        ],
        notes: [`${perSecond}/s for ${seconds} s; the slope over the samples behind the first third of the time`],
      },
    };
  },
};

function describe(memory: ReadonlyMap<string, Memory>): string {
  return [...memory]
    .map(
      ([role, { heap, resident }]) =>
        `${role} ${(heap / megabyte).toFixed(1)} of ${(resident / megabyte).toFixed(0)} MB`,
    )
    .join(', ');
}

/** Bytes per second of the straight line with the least squares. */
function slope(points: readonly { readonly second: number; readonly bytes: number }[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map(({ second }) => second));
  const y = mean(points.map(({ bytes }) => bytes));
  const up = points.reduce((sum, { second, bytes }) => sum + (second - x) * (bytes - y), 0);
  const down = points.reduce((sum, { second }) => sum + (second - x) ** 2, 0);
  return down === 0 ? 0 : up / down;
}
