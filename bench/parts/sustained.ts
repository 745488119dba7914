import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { startBenchSystem } from '../bench-system.ts';
import type { Part } from '../part.ts';
import { sustainedLoad } from '../sustained-load.ts';

/** What comes in, a little above what is required. */
const perSecond = 10_500;

/** The whole way of an event under load: command, log, relay, embedded broker, consumer, read model, ledger. */
export const part: Part = {
  name: 'sustained',
  title: 'Sustained: one process does everything, driven at the command handler',
  run: async (context) => {
    const { quick, askedSeconds } = context.settings;
    const seconds = askedSeconds ?? (quick ? 10 : 60);
    const { system } = await startBenchSystem(context, waitingRoom, 'sustained');
    try {
      await context.settle();
      const cpu = process.cpuUsage();
      const load = await sustainedLoad(system, { perSecond, seconds });
      const used = process.cpuUsage(cpu);
      const { backlog, refused, p99Ms } = load;
      const eventsPerSecond = Math.round(load.events / load.elapsedSeconds);
      const drainMs = load.drainSeconds * 1000;
      const nodeCores = (used.user + used.system) / 1e6 / (load.elapsedSeconds + load.drainSeconds);
      return {
        requirements: [
          { figure: 'events', value: eventsPerSecond, unit: '/s', atLeast: 10_000 },
          // Both are a few batches; a backlog that grows is one of many seconds.
          {
            figure: 'backlog in the last 10 s',
            value: backlog.atEnd,
            atMost: Math.max(backlog.atStart, perSecond / 10),
          },
        ],
        figures: {
          seconds,
          refused,
          eventsPerSecond,
          backlog,
          p99Ms,
          drainMs,
          nodeCores,
        },
        table: {
          rows: [
            ['events/s', 'backlog at first', 'at the end', 'most', 'answer p99 ms', 'drained in ms', 'Node cores'],
            [
              eventsPerSecond.toLocaleString('en'),
              ...[backlog.atStart, backlog.atEnd, backlog.most].map((events) => events.toLocaleString('en')),
              p99Ms.toFixed(1),
              drainMs.toFixed(0),
              nodeCores.toFixed(2),
            ],
          ],
          notes: [`check-ins at ${perSecond.toLocaleString('en')}/s for ${seconds} s, an open loop`],
        },
      };
    } finally {
      await system.stop();
    }
  },
};
