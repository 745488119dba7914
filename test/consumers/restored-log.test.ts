import { expect, it, onTestFinished } from 'vitest';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { Decider, EventOf } from '../../src/index.ts';
import {
  eventually,
  exampleDatabases,
  reached,
  readModelText,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey, ParcelAccepted } from '../support/example-system.ts';
import { backUp, replaceDatabase, runOnServer } from '../support/restore.ts';

/** How many parcels a depot has accepted: something that a process keeps in memory. */
const accepted: Decider<number, { readonly depot: string; readonly parcel: string }, EventOf<typeof ParcelAccepted>> = {
  name: 'accepted',
  initial: 0,
  boundary: ({ depot, parcel }) => ({
    stream: `parcel-${parcel}`,
    reads: [{ tags: [`depot:${depot}`], types: ['ParcelAccepted'] }],
  }),
  decide: (count, { depot, parcel }) => [ParcelAccepted({ label: `L-${parcel}`, depot, weight: count + 1 })],
  evolve: (count) => count + 1,
};

async function complete(databases: ExampleDatabases, count: number): Promise<void> {
  await eventually(`a complete ledger of ${count}`, async () => {
    const [row] = await databases.store<{ rows: number; done: number; positions: number; off: number }>(
      `select count(*)::int as rows, (count(*) filter (where status = 'PROCESSED'))::int as done, count(distinct position)::int as positions,
         (count(*) filter (where outbox_wait_ms < 0 or outbox_dispatch_duration_ms < 0 or transit_ms < 0
           or projection_processing_duration_ms < 0 or total_lag_ms < 0))::int as off from event_processing_lag`,
    );
    return row?.rows === count && row.done === count && row.positions === count && row.off === 0;
  });
}

it.each([
  ['while the system runs', 'few'],
  ['while the system runs', 'many'],
  ['while the system is stopped', 'few'],
])(
  'an event store put back to an older state %s, with %s new events, is noticed and mended by a rebuild',
  async (when, how) => {
    await using databases = await exampleDatabases();
    let system = await databases.start();
    const counted = (parcel: string) => system.execute(accepted, { depot: 'north', parcel });
    await databases.append(journey('a', ['north', 'south']));
    await counted('b');
    await reached(databases, 3);
    const backup = await backUp(databases.eventStoreUrl);
    onTestFinished(() => runOnServer(`drop database if exists ${backup} with (force)`));
    await eventually('commands are taken again', () =>
      counted('c').then(
        () => true,
        () => false,
      ),
    );
    await databases.append(journey('lost', ['north', 'east', 'west', 'south']));
    await counted('lost-too');
    const before = (await system.log.head()).position;
    await reached(databases, before);
    if (when === 'while the system is stopped') await system.stop();
    await replaceDatabase(databases.eventStoreUrl, backup);
    if (when === 'while the system is stopped') {
      await migrateSystem(databases.example.system, databases);
      system = await databases.start();
    }
    await eventually('commands are taken', () =>
      counted('d').then(
        () => true,
        () => false,
      ),
    );
    if (how === 'many') await databases.append(journey('many', ['north', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']));
    await eventually('health says so', async () => {
      const health = await system.health();
      return (
        health.status === 'degraded' &&
        health.checks.some(
          (check) => check.detail?.includes('LOG_RESTORED') === true || check.detail?.includes('Rebuild') === true,
        )
      );
    });
    expect((await system.projections.get('parcels')).healthy).toBe(false);
    // The report compares checkpoint and log when it is asked; the consumer notes the same when it has looked itself.
    await eventually('the checkpoint says so', async () => {
      const [row] = await databases.read<{ is_healthy: boolean; error_message: string | null }>(
        'select is_healthy, error_message from projection_checkpoints',
      );
      return row?.is_healthy === false && row.error_message?.includes('LOG_RESTORED') === true;
    });
    // The state in memory was dropped: the count is of what the restored log holds.
    const [d] = await databases.store<{ weight: string }>(
      `select payload ->> 'weight' as weight from parcel_events_log where aggregate_id = 'parcel-d'`,
    );
    expect(d?.weight).toBe('3');

    await system.projections.rebuild('parcels');
    await databases.append(journey('after', ['north', 'south']));
    const { position } = await system.log.head();
    await reached(databases, position);
    expect(await readModelText(databases)).not.toContain('lost');
    expect(await readModelText(databases)).toContain('parcel-after');
    expect(await readModelText(databases)).toContain('parcel-d');
    await complete(databases, position);
    await eventually('all is well', async () => (await system.health()).status === 'healthy');
    const [cursor] = await databases.store<{ position: string }>('select position from relay_cursors');
    expect(Number(cursor?.position)).toBe(position);
  },
);
