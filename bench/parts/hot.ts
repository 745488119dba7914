import { checkInToLimitedQueue } from '../../apps/waiting-room/domain/check-in-limited.ts';
import { queueDecider } from '../../apps/waiting-room/domain/queue.ts';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { startBenchSystem, untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import { inFlight } from '../contestants/contestant.ts';
import { counter } from '../counter.ts';
import { measureClosedLoop, type Round, summarize } from '../measure.ts';
import { orderSystem } from '../order-system.ts';
import type { Part, PartContext } from '../part.ts';

/** Everybody wants the same thing at once. */
export const part: Part = {
  name: 'hot',
  title: 'Hot: one stream, and one queue with a capacity, 64 callers of the command handler',
  run: async (context) => {
    const stream = await startBenchSystem(context, orderSystem, 'hot_stream');
    const queue = await startBenchSystem(context, waitingRoom, 'hot_queue');
    const streamRounds: Round[] = [];
    const queueRounds: Round[] = [];
    let arrivals = 0;
    let waiting = 0;
    try {
      for (let round = 1; round <= context.settings.rounds; round += 1) {
        const queueId = `emergency-${round}`;
        await queue.system.execute(queueDecider, { queueId, maxCapacity: 100_000 });
        const before = arrivals;
        streamRounds.push(
          await measureRound(context, () => stream.system.execute(counter, { counter: 'counter-1', by: 1 })),
        );
        await untilCaughtUp(stream.system);
        queueRounds.push(
          await measureRound(context, () =>
            queue.system.execute(checkInToLimitedQueue, checkInCommand((arrivals += 1), queueId)),
          ),
        );
        await untilCaughtUp(queue.system);
        waiting = Math.max(waiting, arrivals - before);
        context.progress(
          `round ${round}/${context.settings.rounds}  stream ${rate(streamRounds)}/s, queue ${rate(queueRounds)}/s`,
        );
      }
    } finally {
      await stream.system.stop();
      await queue.system.stop();
    }
    const oneStream = summarize(streamRounds);
    const limitedQueue = summarize(queueRounds);
    return {
      requirements: [
        { figure: 'oneStream', value: oneStream.opsPerSecond, unit: '/s', atLeast: 10_000, target: 20_000 },
        { figure: 'limitedQueue', value: limitedQueue.opsPerSecond, unit: '/s', atLeast: 5_000 },
      ],
      figures: { inFlight, oneStream, limitedQueue, waitingInOneQueue: waiting },
      table: {
        rows: [
          ['', 'commands/s', 'min', 'max', 'p50 ms', 'p99 ms'],
          ...Object.entries({ 'one stream': oneStream, 'one limited queue': limitedQueue }).map(([name, summary]) => [
            name,
            ...[summary.opsPerSecond, summary.min, summary.max].map((figure) => figure.toLocaleString('en')),
            summary.p50Ms.toFixed(2),
            summary.p99Ms.toFixed(2),
          ]),
        ],
        notes: [
          'system.execute with relay, consumer, read model and ledger running in the same process',
          `a queue held up to ${waiting.toLocaleString('en')} waiting patients, with a limit of 100,000`,
        ],
      },
    };
  },
};

async function measureRound(context: PartContext, call: () => Promise<unknown>): Promise<Round> {
  const loop = {
    callers: inFlight,
    eventsPerCall: 1,
    call: async () => {
      await call();
    },
  };
  await context.settle();
  await measureClosedLoop({ ...loop, seconds: context.settings.warmUpSeconds });
  return (await measureClosedLoop({ ...loop, seconds: context.settings.seconds })).round;
}

function rate(rounds: readonly Round[]): number {
  return Math.round(rounds.at(-1)?.opsPerSecond ?? 0);
}
