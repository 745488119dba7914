import process from 'node:process';
import { expect, it } from 'vitest';
import type { RunningSystem } from '../../src/running-system.ts';
import {
  appendSteps,
  eventually,
  exampleDatabases,
  reached,
  readModelHash,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey, type Step } from '../support/example-system.ts';
import { projectors } from '../support/projector-processes.ts';

const parcels = (from: number, count: number): Step[] =>
  Array.from({ length: count }, (_, index) => journey(`p${from + index}`, ['north', 'south', 'east'])).flat();

/** API and relay here; the projectors are processes of their own. */
async function withProjectors(
  events: number,
  microseconds: number,
): Promise<{ databases: ExampleDatabases; system: RunningSystem; pids: number[] }> {
  const databases = await exampleDatabases();
  const children = await projectors(databases, 2, microseconds);
  const system = await databases.start({ roles: ['api', 'relay'] });
  for (let from = 0; from * 3 < events; from += 1000) await databases.append(parcels(from, 1000));
  await reached(databases, events);
  return { databases, system, pids: children.map((child) => child.pid ?? 0) };
}

/** The process that runs the rebuild, when it has applied so much. */
async function runnerAt(databases: ExampleDatabases, position: number): Promise<number> {
  let pid = 0;
  await eventually(
    `the rebuild is at ${position}`,
    async () => {
      const [row] = await databases.read<{ pid: string; position: string }>(
        `select split_part(o.runner, '/', 2) as pid, b.position from projection_operations o
         join projection_builds b on b.operation = o.id and b.state = 'building'
         where o.kind = 'rebuild' and o.state = 'running'`,
      );
      pid = Number(row?.pid);
      return Number(row?.position ?? -1) >= position;
    },
    30_000,
  );
  return pid;
}

it('a rebuild whose process is killed in the middle is gone on with by another, not from the beginning', async () => {
  const { databases, system } = await withProjectors(18_000, 50);
  await using _ = databases;
  const before = await readModelHash(databases);
  const positions: number[] = [];
  const rebuild = system.projections.rebuild('parcels', (progress) => positions.push(progress.position));
  const pid = await runnerAt(databases, 8000);
  process.kill(pid, 'SIGKILL');
  const killedAt = positions.length;
  expect(await rebuild).toMatchObject({ state: 'done', position: 18_000 });
  // One report may have been on its way already, from before.
  expect(Math.min(...positions.slice(killedAt + 1))).toBeGreaterThanOrEqual(4000);
  expect(await readModelHash(databases)).toBe(before);
  const [operation] = await system.operations.list({ kinds: ['rebuild'] });
  expect(Number(operation?.runner?.split('/')[1])).not.toBe(pid);
  expect((await system.projections.builds('parcels')).generation).toBe(2);
});

it('two projector processes during a rebuild and its swap: no event twice, none lost, and one ledger row each', async () => {
  const { databases, system, pids } = await withProjectors(6000, 20);
  await using _ = databases;
  const writing = new AbortController();
  let next = 2000;
  let last = 6000;
  const writer = (async () => {
    while (!writing.signal.aborted) {
      last = (await appendSteps(system.log, databases.registry, parcels(next, 3))).at(-1)?.position ?? last;
      next += 3;
    }
  })();
  for (let round = 0; round < 2; round++) {
    expect((await system.projections.rebuild('parcels')).state).toBe('done');
  }
  // The one that consumes dies while a rebuild runs.
  const rebuild = system.projections.rebuild('parcels');
  await runnerAt(databases, 1);
  const [holder] = await databases.read<{ pid: string }>(
    `select split_part(holder, '/', 2) as pid from leases where name = 'consumer:parcels'`,
  );
  expect(pids).toContain(Number(holder?.pid));
  process.kill(Number(holder?.pid), 'SIGKILL');
  expect((await rebuild).state).toBe('done');
  writing.abort();
  await writer;
  await reached(databases, last);
  const events = await databases.store<{ count: string }>(`select count(*) as count from parcel_events_log`);
  expect(Number(events[0]?.count)).toBe(last);
  // Each parcel was accepted once and moved twice: a move that was lost or repeated would show.
  expect(await databases.read('select distinct moves from parcels')).toEqual([{ moves: 2 }]);
  expect(await databases.read('select count(*)::int as count from parcels')).toEqual([{ count: last / 3 }]);
  expect(await databases.read('select sum(parcels)::int as count from depots')).toEqual([{ count: last / 3 }]);
  await eventually('the old build has everything', async () => {
    const { position, old } = await system.projections.builds('parcels');
    return old?.position === position;
  });
  const { old } = await system.projections.builds('parcels');
  expect(await readModelHash(databases, `parcels_g${old?.generation}`)).toBe(await readModelHash(databases));
  await eventually('the ledger is complete', async () => {
    const found = await databases.store<{ count: string }>(
      `select count(*) as count from event_processing_lag where status = 'PROCESSED'`,
    );
    return Number(found[0]?.count) === last;
  });
});
