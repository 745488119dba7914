import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { MillraceError } from '../../src/index.ts';
import { startBenchSystem, untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import { median } from '../measure.ts';
import { callPaced } from '../paced.ts';
import type { Part } from '../part.ts';

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
    const backlog: number[] = [];
    const latencies: number[] = [];
    let decided = 0;
    let consumed = 0;
    let refused = 0;
    const stopListening = system.readModels.onChanged((position) => {
      consumed = Math.max(consumed, position);
    });
    const sampler = setInterval(() => backlog.push(Math.max(0, decided - consumed)), 100);
    const cpu = process.cpuUsage();
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
      const used = process.cpuUsage(cpu);
      const events = decided;
      const drainStart = performance.now();
      await untilCaughtUp(system);
      const drainMs = performance.now() - drainStart;
      const rows = await system.readModels.query<{ visits: number }>('select count(*)::int as visits from visits_view');
      if (rows[0]?.visits !== events)
        throw new Error(`${events} check-ins, ${rows[0]?.visits} visits in the read model`);

      const of = (from: number, to: number): number => Math.round(median(backlog.slice(from * 10, to * 10)));
      const atStart = seconds >= 30 ? of(10, 20) : of(2, seconds / 2);
      const atEnd = seconds >= 30 ? of(seconds - 10, seconds) : of(seconds / 2, seconds);
      const eventsPerSecond = Math.round(events / elapsedSeconds);
      const sorted = Float64Array.from(latencies).sort();
      const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
      const nodeCores = (used.user + used.system) / 1e6 / elapsedSeconds;
      return {
        requirements: [
          { figure: 'events', value: eventsPerSecond, unit: '/s', atLeast: 10_000 },
          // Both are a few batches; a backlog that grows is one of many seconds.
          { figure: 'backlog in the last 10 s', value: atEnd, atMost: Math.max(atStart, perSecond / 10) },
        ],
        figures: {
          seconds,
          refused,
          eventsPerSecond,
          backlog: { atStart, atEnd, most: Math.max(...backlog) },
          p99Ms,
          drainMs,
          nodeCores,
        },
        table: {
          rows: [
            ['events/s', 'backlog at first', 'at the end', 'most', 'answer p99 ms', 'drained in ms', 'Node cores'],
            [
              eventsPerSecond.toLocaleString('en'),
              ...[atStart, atEnd, Math.max(...backlog)].map((events) => events.toLocaleString('en')),
              p99Ms.toFixed(1),
              drainMs.toFixed(0),
              nodeCores.toFixed(2),
            ],
          ],
          notes: [`check-ins at ${perSecond.toLocaleString('en')}/s for ${seconds} s, an open loop`],
        },
      };
    } finally {
      clearInterval(sampler);
      stopListening();
      await system.stop();
    }
  },
};
