import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { MillraceError } from '../../src/index.ts';
import { startApart } from '../apart.ts';
import { untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import { median } from '../measure.ts';
import { callPaced } from '../paced.ts';
import type { Part, PartContext } from '../part.ts';
import { openRabbit } from '../rabbit.ts';
import { Worker } from '../worker.ts';

/** What comes in, a little above what is required. */
const perSecond = 7_350;

interface Sustained {
  readonly eventsPerSecond: number;
  readonly refused: number;
  readonly backlog: { readonly atStart: number; readonly atEnd: number; readonly most: number };
  readonly p99Ms: number;
}

/** Three processes over a quorum queue: a load that lasts, and what piled up while the broker was away. */
export const part: Part = {
  name: 'rabbitmq',
  title: 'RabbitMQ: sustained through three processes, and a backlog after an outage, beside a bare amqplib loop',
  run: async (context) => {
    const { quick, askedSeconds, events } = context.settings;
    const seconds = askedSeconds ?? (quick ? 10 : 60);
    const piledUp = events ?? (quick ? 10_000 : 200_000);
    const bareBefore = await bareLoop(context, piledUp);
    const sustained = await measureSustained(context, seconds);
    const drained = await drainBacklog(context, piledUp);
    const bareAfter = await bareLoop(context, piledUp);
    const bare = median([bareBefore, bareAfter]);
    const { backlog } = sustained;
    return {
      requirements: [
        { figure: 'sustained', value: sustained.eventsPerSecond, unit: '/s', atLeast: 7_000 },
        { figure: 'backlog in the last 10 s', value: backlog.atEnd, atMost: Math.max(backlog.atStart, perSecond / 10) },
        { figure: 'backlog drained', value: drained, unit: '/s', atLeast: 7_000 },
        { figure: 'backlog against the bare loop', value: drained / bare, atLeast: 0.6 },
      ],
      figures: { seconds, sustained, piledUp, drained, bare, bareRounds: [bareBefore, bareAfter] },
      table: {
        rows: [
          ['', 'events/s'],
          [`sustained for ${seconds} s, offered ${perSecond}/s`, sustained.eventsPerSecond.toLocaleString('en')],
          [`backlog of ${piledUp.toLocaleString('en')} after an outage`, Math.round(drained).toLocaleString('en')],
          ['bare amqplib loop, confirms and acknowledgements', Math.round(bare).toLocaleString('en')],
        ],
        notes: [
          `backlog during the load: ${backlog.atStart} events in seconds 10 to 20, ${backlog.atEnd} in the last 10, ${backlog.most} at most`,
          `answers p99 ${sustained.p99Ms.toFixed(1)} ms; ${sustained.refused} refused; two queues and two consumers, the bare loop has one of each`,
        ],
      },
    };
  },
};

async function measureSustained(context: PartContext, seconds: number): Promise<Sustained> {
  const rabbit = await openRabbit((line) => context.progress(line));
  const apart = await startApart(context, 'rabbitmq_sustained', rabbit.url);
  const { system } = apart;
  const backlog: number[] = [];
  const latencies: number[] = [];
  let decided = 0;
  let projected = 0;
  let refused = 0;
  const stopListening = system.readModels.onChanged((position) => {
    projected = Math.max(projected, position);
  });
  const sampler = setInterval(() => backlog.push(Math.max(0, decided - projected)), 100);
  try {
    await context.settle();
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
    const of = (from: number, to: number): number => Math.round(median(backlog.slice(from * 10, to * 10)));
    const sorted = Float64Array.from(latencies).sort();
    return {
      // To the last event in the read model: what piled up at the end counts.
      eventsPerSecond: Math.round(decided / (elapsedSeconds + drainSeconds)),
      refused,
      backlog: {
        atStart: seconds >= 30 ? of(10, 20) : of(2, seconds / 2),
        atEnd: seconds >= 30 ? of(seconds - 10, seconds) : of(seconds / 2, seconds),
        most: Math.max(...backlog),
      },
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    };
  } finally {
    clearInterval(sampler);
    stopListening();
    await apart.stop();
    await rabbit.stop();
  }
}

/** Events per second from the moment when the broker is back to the last event in the read model. */
async function drainBacklog(context: PartContext, events: number): Promise<number> {
  const rabbit = await openRabbit((line) => context.progress(line));
  const apart = await startApart(context, 'rabbitmq_backlog', rabbit.url);
  try {
    await rabbit.kill();
    const perTurn = 256;
    for (let made = 0; made < events; made += perTurn) {
      await Promise.all(
        Array.from({ length: Math.min(perTurn, events - made) }, (_, index) =>
          apart.system.execute(checkInToUnlimitedQueue, checkInCommand(made + index, `queue-${index % 8}`)),
        ),
      );
    }
    await context.settle();
    await rabbit.start();
    const start = performance.now();
    await untilCaughtUp(apart.system, 300);
    const perSecondDrained = events / ((performance.now() - start) / 1000);
    context.progress(`backlog of ${events}: ${Math.round(perSecondDrained)}/s`);
    return perSecondDrained;
  } finally {
    await apart.stop();
    await rabbit.stop();
  }
}

/** The same number of messages of the same size through one quorum queue, with nothing around. */
async function bareLoop(context: PartContext, messages: number): Promise<number> {
  const rabbit = await openRabbit((line) => context.progress(line));
  const sides = ['consume', 'publish'].map(
    (side) => new Worker('amqp-loop.ts', [rabbit.url, side, 'bare-loop', String(messages), '700']),
  );
  try {
    for (const side of sides) await side.nextLine();
    const start = performance.now();
    for (const side of sides) side.say('go');
    for (const side of sides) await side.nextLine();
    const rate = messages / ((performance.now() - start) / 1000);
    context.progress(`bare amqplib loop: ${Math.round(rate)}/s`);
    return rate;
  } finally {
    await Promise.all(sides.map((side) => side.ended()));
    await rabbit.stop();
  }
}
