import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { RebuildOptions } from '../commands/rebuild.ts';
import {
  listFrom,
  numberFrom,
  numberOrNull,
  objectFrom,
  textFrom,
  textOrNull,
  type JsonFields,
} from '../json-shape.ts';
import { findAndConnect, type ServerClient } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';

/** Starts a rebuild on the running server and shows how far it is. Throws REBUILD_FAILED. */
export async function rebuild(
  projection: string | undefined,
  options: RebuildOptions,
  terminal: Terminal,
): Promise<void> {
  const client = await findAndConnect(options);
  const id = projection ?? (await primaryProjection(client));
  let progress = objectFrom(await client.post('/api/projections/rebuild', { projectionId: id }), 'rebuild');
  while (textFrom(progress, 'state') === 'running') {
    if (options.json !== true) terminal.progress(describeProgress(progress));
    await pause(terminalPauseMs);
    progress = objectFrom(await client.get(`/api/projections/${encodeURIComponent(id)}/rebuild`), 'rebuild');
  }
  terminal.endProgress();
  if (textFrom(progress, 'state') === 'failed') {
    throw new MillraceError('REBUILD_FAILED', textOrNull(progress, 'error') ?? 'The rebuild stopped.');
  }
  if (options.json === true) terminal.out(JSON.stringify(progress));
  else terminal.out(`${id} was built anew up to position ${numberFrom(progress, 'position')} and swapped in.`);
}

const terminalPauseMs = 500;

async function primaryProjection(client: ServerClient): Promise<string> {
  const first = listFrom(await client.get('/api/projections'), 'projections')[0];
  if (first) return textFrom(first, 'id');
  throw new MillraceError('PROJECTION_UNKNOWN', 'The server knows no projection.');
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
