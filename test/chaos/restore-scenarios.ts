import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import { dumpAndRestore, hasDebianPostgres } from '../support/debian-cluster.ts';
import { startRabbitMq, type RabbitMq } from '../support/rabbitmq-server.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import type { Verdict } from './conservation.ts';
import { PersistentLoad, type LoadJournal } from './persistent-load.ts';
import type { ChaosOptions } from './run-chaos.ts';
import { RestoreSite } from './restore-site.ts';
import { scoreOf, type ScoreLine } from './scorecard.ts';
import { waitFor } from './wait-for.ts';

/** What a scenario works with. */
interface Yard {
  readonly options: ChaosOptions;
  readonly rabbit: RabbitMq | undefined;
  readonly folder: string;
  readonly violated: (text: string) => void;
}

interface Restored {
  readonly verdict: Verdict;
}

const drainMs = 60_000;
const refusedMs = 30_000;
/** A scenario takes about so many seconds. */
const seconds = 40;
const patienceMs = 20_000;

const scenarios: { readonly [name: string]: (yard: Yard) => Promise<Restored> } = {
  'restore-fresh-cluster': restoreIntoFreshCluster,
  'restore-older-dump': (yard) => restoreOlder(yard, false),
  'restore-older-dump-written-past': (yard) => restoreOlder(yard, true),
};

export const restoreScenarioNames: readonly string[] = Object.keys(scenarios);

/** Plays the restores that are wanted. */
export async function playRestores(
  options: ChaosOptions & { readonly rabbitmq: boolean; readonly hasTime: (seconds: number) => boolean },
): Promise<{
  readonly lines: readonly ScoreLine[];
  readonly broken: readonly string[];
  readonly notRun: readonly string[];
}> {
  const lines: ScoreLine[] = [];
  const broken: string[] = [];
  const notRun: string[] = [];
  for (const [name, play] of Object.entries(scenarios)) {
    if (!options.wanted(name) || options.signal.aborted) continue;
    if (!hasDebianPostgres) {
      notRun.push(`${name}: needs pg_dump, which comes with Debian's postgresql-15`);
      continue;
    }
    if (!options.hasTime(seconds)) {
      notRun.push(`${name}: there was no time left`);
      continue;
    }
    const violations: string[] = [];
    const rabbit = options.rabbitmq ? await startRabbitMq() : undefined;
    let verdict: Verdict | undefined;
    try {
      const folder = path.join(options.folder, name);
      ({ verdict } = await play({ options, rabbit, folder, violated: (text) => violations.push(text) }));
      violations.push(...verdict.examples);
    } catch (error) {
      if (!options.signal.aborted) violations.push(error instanceof Error ? error.message : String(error));
    } finally {
      await rabbit?.stop();
    }
    options.report(`${name} | ${violations.length === 0 ? 'holds' : `BROKEN: ${violations.join('; ')}`}`);
    broken.push(...violations.map((text) => `${name}: ${text}`));
    if (verdict === undefined) continue;
    const round = {
      fault: name,
      seed: options.seed,
      verdict,
      acceptStallMs: 0,
      readModelStallMs: 0,
      takeoverMs: undefined,
    };
    lines.push(
      scoreOf(name, [
        {
          ...round,
          failedAttempts: 0,
          lostAttempts: 0,
          reasons: new Map(),
          stalls: '',
          figures: new Map(),
          violations,
        },
      ]),
    );
  }
  return { lines, broken, notRun };
}

/** A dump of both databases, restored into a fresh cluster: everything is there, and it goes on. */
async function restoreIntoFreshCluster(yard: Yard): Promise<Restored> {
  const before = await RestoreSite.make(path.join(yard.folder, 'before'), yard.rabbit);
  const after = await RestoreSite.make(path.join(yard.folder, 'after'), yard.rabbit);
  try {
    await before.millrace('migrate');
    await before.start('api', 'relay', 'projector');
    const first = await loadFor(yard, before, 'first');
    await drained(before);
    await before.stopProcesses();
    for (const database of Object.values(waitingRoom.databases)) {
      await dumpAndRestore(before.url(database), after.url(database));
    }
    await after.start('api', 'relay', 'projector');
    const second = await loadFor(yard, after, 'second');
    await drained(after);
    return { verdict: await after.conservation.check([first, second], true) };
  } finally {
    await before.stop();
    await after.stop();
  }
}

/**
 * An older dump of the event store is put back under read models that are further. Projections must refuse it and say
 * so, also when new events have been written past their checkpoints meanwhile; a rebuild then mends them.
 */
async function restoreOlder(yard: Yard, writtenPast: boolean): Promise<Restored> {
  const site = await RestoreSite.make(yard.folder, yard.rabbit);
  try {
    await site.millrace('migrate');
    await site.start('api', 'relay', 'projector');
    const kept = await loadFor(yard, site, 'kept');
    await drained(site);
    await dumpAndRestore(site.url(waitingRoom.databases.eventStore), await site.createDatabase('older_dump'));
    await loadFor(yard, site, 'gone');
    await drained(site);
    await site.stopProcesses();
    await site.replaceEventStore('older_dump');

    const journals: LoadJournal[] = [kept];
    if (writtenPast) {
      // Longer than what was lost, so that the checkpoint's position is there again, with another event.
      await site.start('api', 'relay');
      journals.push(await loadFor(yard, site, 'past', 5_000));
    }
    await site.start('api', 'relay', 'projector');
    const [projection] = waitingRoom.projections;
    let said = '';
    await waitFor(
      'the projection refuses the restored log',
      async () => {
        said = await fetch(`${site.apiUrl}/api/projections/health`).then((response) => response.text());
        return said.includes('LOG_RESTORED');
      },
      { withinMs: refusedMs, signal: yard.options.signal },
    ).catch(() => yard.violated(`nobody said LOG_RESTORED; the last answer was ${said.slice(0, 400)}`));
    const health = await fetch(`${site.apiUrl}/health`).then((response) => response.text());
    if (!health.includes('LOG_RESTORED')) yard.violated(`/health does not say it: ${health.slice(0, 400)}`);
    for (const { id } of waitingRoom.projections) {
      await site.millrace('rebuild', id, '--url', site.apiUrl).catch((error: unknown) => {
        yard.violated(`the rebuild of ${projection?.id} failed: ${String(error).slice(0, 400)}`);
      });
    }
    journals.push(await loadFor(yard, site, 'again'));
    await drained(site);
    return { verdict: await site.conservation.check(journals, true) };
  } finally {
    await site.stop();
  }
}

async function loadFor(yard: Yard, site: RestoreSite, name: string, ms = 2_500): Promise<LoadJournal> {
  const { seed, rate, signal } = yard.options;
  const load = new PersistentLoad(
    [site.apiUrl],
    `${name}-${seed.toString(36)}`.slice(-12),
    rate,
    new SeededRandom(seed),
  );
  load.start();
  await pause(ms, undefined, { signal }).catch(() => undefined);
  return load.finish(patienceMs);
}

function drained(site: RestoreSite): Promise<number> {
  return waitFor('everything arrives', async () => (await site.conservation.underWay()).length === 0, {
    withinMs: drainMs,
  });
}
