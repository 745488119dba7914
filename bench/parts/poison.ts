import type { Decider, EventOf } from '../../src/index.ts';
import { dataOf, defineProjection, defineSystem, rows } from '../../src/index.ts';
import { startBenchSystem, untilCaughtUp } from '../bench-system.ts';
import { median } from '../measure.ts';
import { Counted, orderSystem } from '../order-system.ts';
import { callPaced } from '../paced.ts';
import type { Part, PartContext } from '../part.ts';

const keys = 1_000;
const perSecond = 500;
const poison = 'poison';

interface Count {
  readonly key: number;
  readonly note: string;
}

const count: Decider<null, Count, EventOf<typeof Counted>> = {
  name: 'count',
  initial: null,
  boundary: ({ key }) => ({ stream: `counter-${key}` }),
  evolve: () => null,
  decide: (_state, { note }) => [Counted({ by: 1, note })],
};

const counters = rows<{ readonly counter_id: string; readonly total: number }>({
  table: 'counters',
  key: 'counter_id',
  columns: { counter_id: 'text', total: 'bigint' },
  on: {
    Counted(row, event) {
      const { by, note } = dataOf(Counted, event);
      if (note === poison) throw new Error('an event that cannot be applied');
      return { counter_id: event.stream, total: (row?.total ?? 0) + by };
    },
  },
});

/** The counters, with events that no handler can apply. */
const poisonable = defineSystem({
  ...orderSystem,
  name: 'poisonable',
  projections: [
    defineProjection({
      id: 'counters',
      schema: new URL('../order-system.sql', import.meta.url),
      rows: [counters],
      exposes: ['counters'],
    }),
  ],
});

/** One key in a hundred holds a poison event: the others must hardly notice. */
export const part: Part = {
  name: 'poison',
  title: 'Poison: the lag of the other keys, when 1 % of the keys hold a poison event, against none',
  run: async (context) => {
    const { quick, rounds, askedSeconds } = context.settings;
    const seconds = askedSeconds ?? (quick ? 2 : 10);
    const without: number[] = [];
    const beside: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      without.push(await lagP99(context, seconds, 0));
      beside.push(await lagP99(context, seconds, keys / 100));
      context.progress(
        `round ${round}/${rounds}: p99 ${without.at(-1)?.toFixed(1)} ms without, ${beside.at(-1)?.toFixed(1)} ms with`,
      );
    }
    const ratio = median(beside.map((p99, round) => p99 / (without[round] ?? Number.NaN)));
    return {
      requirements: [{ figure: 'p99 with over without', value: ratio, atMost: 1.2 }],
      figures: { keys, perSecond, seconds, without, beside, ratio },
      table: {
        rows: [
          ['', 'p99 ms'],
          ['no poison', median(without).toFixed(2)],
          ['1 % of the keys poisoned, the other keys', median(beside).toFixed(2)],
        ],
        notes: [
          `with over without, round by round: ${ratio.toFixed(2)}; ${keys} keys, ${perSecond}/s for ${seconds} s`,
        ],
      },
    };
  },
};

/** From the decision to the committed read model, for events of keys without poison. Milliseconds. */
async function lagP99(context: PartContext, seconds: number, poisoned: number): Promise<number> {
  const { system } = await startBenchSystem(context, poisonable, 'poison');
  const decidedAt = new Map<number, number>();
  const lags: number[] = [];
  let committed = 0;
  const settle = (position: number, now: number): void => {
    const decided = decidedAt.get(position);
    if (decided === undefined || position > committed) return;
    decidedAt.delete(position);
    lags.push(now - decided);
  };
  const stopListening = system.readModels.onChanged((position) => {
    const now = performance.timeOrigin + performance.now();
    const from = committed + 1;
    committed = Math.max(committed, position);
    for (let at = from; at <= position; at += 1) settle(at, now);
  });
  try {
    await context.settle();
    for (let key = 0; key < poisoned; key += 1) await system.execute(count, { key, note: poison });
    const send = async (n: number): Promise<void> => {
      const key = n % keys;
      const { events, position } = await system.execute(count, { key, note: 'sound' });
      if (key < poisoned) return;
      decidedAt.set(position, events[0]?.occurredAt ?? Number.NaN);
      settle(position, performance.timeOrigin + performance.now());
    };
    // What a young process compiles, and the first event of each key, is not timed.
    await callPaced({ perSecond, calls: perSecond * 3 }, send);
    await untilCaughtUp(system);
    lags.length = 0;
    await callPaced({ perSecond, calls: perSecond * seconds }, send);
    await untilCaughtUp(system);
    const open = await system.deadLetters.count();
    if (open > 0 !== poisoned > 0) throw new Error(`${open} dead letters with ${poisoned} poisoned keys`);
    const sorted = Float64Array.from(lags).sort();
    return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  } finally {
    stopListening();
    await system.stop();
  }
}
