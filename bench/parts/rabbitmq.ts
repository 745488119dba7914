import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { startApart } from '../apart.ts';
import { untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import { median } from '../measure.ts';
import type { Part, PartContext } from '../part.ts';
import { openRabbit } from '../rabbit.ts';
import { sustainedLoad, type SustainedLoad } from '../sustained-load.ts';
import { Worker } from '../worker.ts';

/** What comes in, a little above what is required. */
const perSecond = 7_350;

interface Sustained extends SustainedLoad {
  readonly eventsPerSecond: number;
}

/** Three processes over a quorum queue: a load that lasts, and what piled up while the broker was away. */
export const part: Part = {
  name: 'rabbitmq',
  title: 'RabbitMQ: sustained through three processes, and a backlog after an outage, beside a bare amqplib loop',
  run: async (context) => {
    const { quick, askedSeconds, events } = context.settings;
    const seconds = askedSeconds ?? (quick ? 10 : 60);
    const piledUp = events ?? (quick ? 10_000 : 200_000);
    const bareBefore = await bareLoop(context, 1, piledUp);
    const sameBefore = await bareLoop(context, 2, piledUp);
    const sustained = await measureSustained(context, seconds);
    const drained = await drainBacklog(context, piledUp);
    const bareAfter = await bareLoop(context, 1, piledUp);
    const sameAfter = await bareLoop(context, 2, piledUp);
    const bare = median([bareBefore, bareAfter]);
    const same = median([sameBefore, sameAfter]);
    const { backlog } = sustained;
    return {
      requirements: [
        { figure: 'sustained', value: sustained.eventsPerSecond, unit: '/s', atLeast: 7_000 },
        { figure: 'backlog in the last 10 s', value: backlog.atEnd, atMost: Math.max(backlog.atStart, perSecond / 10) },
        { figure: 'backlog drained', value: drained, unit: '/s', atLeast: 7_000 },
        { figure: 'backlog against the bare loop', value: drained / bare, atLeast: 0.6 },
      ],
      figures: {
        seconds,
        sustained,
        piledUp,
        drained,
        bare,
        bareRounds: [bareBefore, bareAfter],
        bareWithTwoQueues: same,
        drainedAgainstTwoQueues: drained / same,
      },
      table: {
        rows: [
          ['', 'events/s'],
          [`sustained for ${seconds} s, offered ${perSecond}/s`, sustained.eventsPerSecond.toLocaleString('en')],
          [`backlog of ${piledUp.toLocaleString('en')} after an outage`, Math.round(drained).toLocaleString('en')],
          ['bare amqplib loop, confirms and acknowledgements', Math.round(bare).toLocaleString('en')],
          ['the same into two queues with a consumer each', Math.round(same).toLocaleString('en')],
        ],
        notes: [
          `backlog during the load: ${backlog.atStart} events in seconds 10 to 20, ${backlog.atEnd} in the last 10, ${backlog.most} at most`,
          `answers p99 ${sustained.p99Ms.toFixed(1)} ms; ${sustained.refused} refused; every event goes into two queues; against the bare loop that does the same: ${(drained / same).toFixed(2)}`,
        ],
      },
    };
  },
};

async function measureSustained(context: PartContext, seconds: number): Promise<Sustained> {
  const rabbit = await openRabbit((line) => context.progress(line));
  const apart = await startApart(context, 'rabbitmq_sustained', rabbit.url);
  try {
    await context.settle();
    const load = await sustainedLoad(apart.system, { perSecond, seconds });
    const { events, elapsedSeconds, drainSeconds } = load;
    // To the last event in the read model: what piled up at the end counts.
    return { ...load, eventsPerSecond: Math.round(events / (elapsedSeconds + drainSeconds)) };
  } finally {
    await apart.stop();
    await rabbit.stop();
  }
}

/** Events per second from the moment when the broker is back to the last event in the read model. */
async function drainBacklog(context: PartContext, events: number): Promise<number> {
  const rabbit = await openRabbit((line) => context.progress(line));
  const apart = await startApart(context, 'rabbitmq_backlog', rabbit.url);
  try {
    await rabbit.node.saveQueues();
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

/** The same number of messages of the same size through one quorum queue, or into each of two, with nothing around. */
async function bareLoop(context: PartContext, queues: number, messages: number): Promise<number> {
  const rabbit = await openRabbit((line) => context.progress(line));
  const sides = ['consume', 'publish'].map(
    (side) => new Worker('amqp-loop.ts', [rabbit.url, side, 'bare-loop', String(queues), String(messages), '700']),
  );
  try {
    for (const side of sides) await side.nextLine();
    const start = performance.now();
    for (const side of sides) side.say('go');
    for (const side of sides) await side.nextLine();
    const rate = messages / ((performance.now() - start) / 1000);
    context.progress(`bare amqplib loop, ${queues} queues: ${Math.round(rate)}/s`);
    return rate;
  } finally {
    await Promise.all(sides.map((side) => side.ended()));
    await rabbit.stop();
  }
}
