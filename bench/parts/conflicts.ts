import { type AppendRequest } from '../../src/store/store.ts';
import { openPostgresLog, type PostgresLog } from '../../src/store/postgres/postgres-log.ts';
import { prepareSystem } from '../bench-system.ts';
import { inFlight } from '../contestants/contestant.ts';
import { requestOf } from '../contestants/millrace.ts';
import { compare, measureClosedLoop, type Round, summarize } from '../measure.ts';
import { orderSystem } from '../order-system.ts';
import type { Part, PartContext } from '../part.ts';

/** One command in a hundred does not pass: half of them conflict, half repeat a key. */
export const part: Part = {
  name: 'conflicts',
  title: 'Conflicts: 1 % of the commands conflict or repeat a key, against none',
  run: async (context) => {
    const logs: PostgresLog[] = [];
    const rounds: Record<'none' | 'some', Round[]> = { none: [], some: [] };
    const refused: Record<string, number> = {};
    try {
      const none = await open(context, 'conflicts_none', logs);
      const some = await open(context, 'conflicts_some', logs);
      for (let round = 1; round <= context.settings.rounds; round += 1) {
        rounds.none.push(await measure(context, none, 0, refused));
        rounds.some.push(await measure(context, some, 100, refused));
        context.progress(`round ${round}/${context.settings.rounds}`);
      }
    } finally {
      for (const log of logs) await log.close();
    }
    if ((refused['conflict'] ?? 0) === 0 || (refused['key-exists'] ?? 0) === 0) {
      throw new Error('nothing was refused, so nothing was measured');
    }
    const ratio = compare(rounds.some, rounds.none);
    const [none, some] = [summarize(rounds.none), summarize(rounds.some)];
    return {
      requirements: [{ figure: 'ratio', value: ratio.median, atLeast: 0.7 }],
      figures: { inFlight, none, onePercent: some, ratio, refused },
      table: {
        rows: [
          ['', 'commands/s', 'p50 ms', 'p99 ms'],
          ...Object.entries({ none, '1 %': some }).map(([name, { opsPerSecond, p50Ms, p99Ms }]) => [
            name,
            opsPerSecond.toLocaleString('en'),
            p50Ms.toFixed(2),
            p99Ms.toFixed(2),
          ]),
        ],
        notes: [`1 % over none, round by round: ${ratio.median.toFixed(2)} (${ratio.min}–${ratio.max})`],
      },
    };
  },
};

async function open(context: PartContext, name: string, logs: PostgresLog[]): Promise<PostgresLog> {
  const { eventStoreUrl } = await prepareSystem(context, orderSystem, name);
  const log = openPostgresLog({ url: eventStoreUrl, name: orderSystem.name, names: orderSystem.tables });
  logs.push(log);
  return log;
}

/** Every `every`-th command is one that does not pass; 0 for none. All have a key, as from callers who retry. */
async function measure(
  context: PartContext,
  log: PostgresLog,
  every: number,
  refused: Record<string, number>,
): Promise<Round> {
  let sent = 0;
  let last = requestOf('key');
  await log.append(last);
  const loop = {
    callers: inFlight,
    eventsPerCall: 1,
    call: async () => {
      sent += 1;
      const fresh = requestOf('key');
      if (every === 0 || sent % every !== 0) {
        const outcome = await log.append(fresh);
        if (outcome.outcome !== 'stored') throw new Error(`a command was answered with ${outcome.outcome}`);
        last = fresh;
        return;
      }
      const outcome = await log.append(sent % (2 * every) === 0 ? staleCopy(fresh, last) : keyAgain(fresh, last));
      if (outcome.outcome === 'stored') throw new Error('a command passed that should not have');
      refused[outcome.outcome] = (refused[outcome.outcome] ?? 0) + 1;
    },
  };
  await context.settle();
  await measureClosedLoop({ ...loop, seconds: context.settings.warmUpSeconds });
  return (await measureClosedLoop({ ...loop, seconds: context.settings.seconds })).round;
}

/** The fresh event for a stream that is there already, expected to be new. */
function staleCopy(fresh: AppendRequest, stored: AppendRequest): AppendRequest {
  const stream = stored.events[0]?.stream ?? '';
  return { ...fresh, events: fresh.events.map((event) => ({ ...event, stream })), expect: [{ stream, version: 0 }] };
}

/** The fresh event under a key that was used. */
function keyAgain(fresh: AppendRequest, stored: AppendRequest): AppendRequest {
  return { ...fresh, keys: stored.keys ?? [] };
}
