import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { RebuildOptions } from '../commands/rebuild.ts';
import { listFrom, numberFrom, numberOrNull, textFrom, textOrNull, type JsonFields } from '../json-shape.ts';
import { findAndConnect, type ServerClient } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';

const lookEveryMs = 500;

/**
 * Rebuilds one projection on the running server, or all of them one after the other, and shows how far it is. Throws
 * REBUILD_FAILED.
 */
export async function rebuild(named: string | undefined, options: RebuildOptions, terminal: Terminal): Promise<void> {
  const client = await findAndConnect(options);
  const show = options.json === true ? () => undefined : terminal.progress;
  for (const id of named === undefined ? await allProjections(client) : [named]) {
    const done = await rebuildOne(client, id, show);
    terminal.endProgress();
    if (textFrom(done, 'state') === 'failed') {
      throw new MillraceError('REBUILD_FAILED', textOrNull(done, 'error') ?? `The rebuild of ${id} stopped.`);
    }
    if (options.json === true) terminal.out(JSON.stringify(done));
    else terminal.out(`${id} was built anew up to position ${numberFrom(done, 'position')} and swapped in.`);
  }
}

async function rebuildOne(client: ServerClient, id: string, show: (line: string) => void): Promise<JsonFields> {
  const before = await progressOf(client, id);
  await client.post('/api/projections/rebuild', { projection: id });
  for (;;) {
    const progress = await progressOf(client, id);
    // Until the new one has begun, the server still tells of the one before.
    const isNew = progress !== undefined && progress['startedAt'] !== before?.['startedAt'];
    if (isNew && textFrom(progress, 'state') !== 'running') return progress;
    if (isNew) show(describeProgress(progress));
    await pause(lookEveryMs);
  }
}

async function progressOf(client: ServerClient, id: string): Promise<JsonFields | undefined> {
  const all = listFrom(await client.get('/api/projections/rebuild'), 'rebuilds');
  return all.find((progress) => progress['projection'] === id);
}

async function allProjections(client: ServerClient): Promise<string[]> {
  const all = listFrom(await client.get('/api/projections/health'), 'projections');
  return all.map((status) => textFrom(status, 'projectionId'));
}

/** @example 'orders: 1200 of 5000 events (24 %), 9000/s, 1 s left' */
export function describeProgress(progress: JsonFields): string {
  const [position, target] = [numberFrom(progress, 'position'), numberFrom(progress, 'target')];
  const share = target > 0 ? Math.floor((position / target) * 100) : 100;
  const rate = Math.round(numberOrNull(progress, 'eventsPerSecond') ?? 0);
  const left = numberOrNull(progress, 'secondsLeft');
  const end = left === null ? '' : `, ${Math.ceil(left)} s left`;
  return `${textFrom(progress, 'projection')}: ${position} of ${target} events (${share} %), ${rate}/s${end}`;
}
