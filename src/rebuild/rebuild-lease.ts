import type pg from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import type { HeldLease, LeaseKeeper } from '../postgres/lease.ts';
import { buildConnection, rebuildLease, type BuildParts } from './build-parts.ts';

/** Longer than a lease lives after its holder died, in milliseconds. */
const patience = 8000;

/**
 * Runs work on the builds of a projection with a connection of its own, as the only one. Throws REBUILD_IN_PROGRESS when
 * another process keeps the lease.
 */
export async function withRebuildLease<Result>(
  parts: BuildParts,
  work: (client: pg.Client, keeper: LeaseKeeper) => Promise<Result>,
): Promise<Result> {
  const lease = rebuildLease(parts);
  const held = await acquire(parts);
  const keeper = lease.keep(held);
  const client = buildConnection(parts);
  try {
    await client.connect();
    return await work(client, keeper);
  } finally {
    keeper.stop();
    await client.end().catch(() => undefined);
    await lease.release(held).catch(() => undefined);
  }
}

async function acquire(parts: BuildParts): Promise<HeldLease> {
  const deadline = performance.now() + patience;
  for (;;) {
    const held = await rebuildLease(parts).acquire();
    if (held !== undefined) return held;
    if (performance.now() > deadline) {
      throw new MillraceError('REBUILD_IN_PROGRESS', `Another process works on the builds of ${parts.definition.id}.`);
    }
    await pause(200);
  }
}
