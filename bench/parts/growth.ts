import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { startBenchSystem } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import { inFlight } from '../contestants/contestant.ts';
import { requestOf } from '../contestants/millrace.ts';
import { compare, measureClosedLoop, median, type Round, summarize } from '../measure.ts';
import type { Part, PartContext } from '../part.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { loadVisits } from '../visits.ts';

/** What ten million events in the log cost the next one. */
export const part: Part = {
  name: 'growth',
  title: 'Growth: appends to a log of ten million events, against an empty one',
  run: async (context) => {
    const wanted = context.settings.events ?? (context.settings.quick ? 100_000 : 10_000_000);
    // Appends only: relay and consumers have parts of their own.
    const empty = await startBenchSystem(context, waitingRoom, 'growth_empty', ['api']);
    const full = await startBenchSystem(context, waitingRoom, 'growth_full', ['api']);
    try {
      const load = await loadVisits(full.system.log, wanted, (loaded) => context.progress(`  ${loaded} events loaded`));
      await context.settle();
      const rounds: Record<'empty' | 'full', Round[]> = { empty: [], full: [] };
      for (let round = 1; round <= context.settings.rounds; round += 1) {
        rounds.empty.push(await measureRound(context, empty.system));
        rounds.full.push(await measureRound(context, full.system));
        context.progress(`round ${round}/${context.settings.rounds}`);
      }
      const pendingMs = await timePending(full.system);
      const ratio = compare(rounds.full, rounds.empty);
      const [small, large] = [summarize(rounds.empty), summarize(rounds.full)];
      return {
        requirements: [
          { figure: 'ratio', value: ratio.median, atLeast: 0.75 },
          { figure: 'outbox.pending', value: pendingMs, unit: 'ms', atMost: 5 },
        ],
        figures: {
          events: load.events,
          loadSeconds: load.seconds,
          loadedPerSecond: Math.round(load.events / load.seconds),
          empty: small,
          full: large,
          ratio,
          pendingMs,
        },
        table: {
          rows: [
            ['', 'events/s', 'min', 'max', 'p99 ms'],
            ...Object.entries({ 'empty log': small, [`${load.events.toLocaleString('en')} events`]: large }).map(
              ([name, { opsPerSecond, min, max, p99Ms }]) => [
                name,
                ...[opsPerSecond, min, max].map((figure) => figure.toLocaleString('en')),
                p99Ms.toFixed(2),
              ],
            ),
          ],
          notes: [
            `full over empty, round by round: ${ratio.median} (${ratio.min}–${ratio.max})`,
            `loaded in ${load.seconds.toFixed(0)} s; outbox.pending() in ${pendingMs.toFixed(2)} ms, all of them unpublished`,
          ],
        },
      };
    } finally {
      await empty.system.stop();
      await full.system.stop();
    }
  },
};

async function measureRound(context: PartContext, system: RunningSystem): Promise<Round> {
  const loop = {
    callers: inFlight,
    eventsPerCall: 1,
    call: async () => {
      const outcome = await system.log.append(requestOf('all'));
      if (outcome.outcome !== 'stored') throw new Error(`the append was answered with ${outcome.outcome}`);
    },
  };
  await context.settle();
  await measureClosedLoop({ ...loop, seconds: context.settings.warmUpSeconds });
  return (await measureClosedLoop({ ...loop, seconds: context.settings.seconds })).round;
}

/** The median over some calls, the way the route asks; a command before each, so that nothing can be kept. */
async function timePending(system: RunningSystem): Promise<number> {
  const times: number[] = [];
  for (let call = 0; call < 30; call += 1) {
    await system.execute(checkInToUnlimitedQueue, checkInCommand(call, 'queue-0'));
    const start = performance.now();
    const pending = await system.outbox.pending();
    times.push(performance.now() - start);
    if (pending.count === 0) throw new Error('nothing is pending, so nothing was measured');
  }
  return median(times);
}
