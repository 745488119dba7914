import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import type { RebuildActionName, RebuildOptions } from '../commands/rebuild.ts';
import {
  isObject,
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

const lookEveryMs = 500;

/**
 * Rebuilds one projection on the running server, or all of them one after the other, and shows how far it is. Throws
 * REBUILD_FAILED, REBUILD_DIFFERS, OPERATION_ABANDONED. Ends as well when a rebuild waits for a confirmation.
 */
export async function rebuild(named: string | undefined, options: RebuildOptions, terminal: Terminal): Promise<void> {
  const client = await findAndConnect(options);
  const show = options.json === true ? () => undefined : terminal.progress;
  for (const id of named === undefined ? await allProjections(client) : [named]) {
    const end = await rebuildOne(client, id, options, show);
    terminal.endProgress();
    throwFailure(id, end);
    if (options.json === true) terminal.out(JSON.stringify(end));
    else for (const line of describeEnd(id, end)) terminal.out(line);
  }
}

/** Asks something of the rebuild under way, or of the builds, and says what is so now. */
export async function askOfRebuild(
  action: RebuildActionName,
  named: string | undefined,
  options: RebuildOptions,
  terminal: Terminal,
): Promise<void> {
  const client = await findAndConnect(options);
  const id = named ?? (await onlyProjection(client));
  const body = options.reason === undefined ? {} : { reason: options.reason };
  const answer = objectFrom(await client.post(`${pathOf(id)}/rebuild/${action}`, body), action);
  if (options.json === true) terminal.out(JSON.stringify(answer));
  else for (const line of describeBuilds(id, answer)) terminal.out(line);
}

async function rebuildOne(
  client: ServerClient,
  id: string,
  options: RebuildOptions,
  show: (line: string) => void,
): Promise<JsonFields> {
  const before = await progressOf(client, id);
  await client.post('/api/projections/rebuild', {
    projection: id,
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.acceptDifferences === true ? { acceptDifferences: true } : {}),
  });
  for (;;) {
    const progress = await progressOf(client, id);
    // Until the new one is requested, the server still tells of the one before.
    const isNew = progress !== undefined && progress['operation'] !== before?.['operation'];
    if (isNew && !underWay.has(textFrom(progress, 'state'))) return progress;
    if (isNew) show(describeProgress(progress));
    await pause(lookEveryMs);
  }
}

const underWay = new Set(['requested', 'running', 'paused']);

function throwFailure(id: string, end: JsonFields): void {
  const state = textFrom(end, 'state');
  if (state !== 'failed' && state !== 'abandoned') return;
  const differs = listFrom(end, 'differences').length > 0;
  const code = state === 'abandoned' ? 'OPERATION_ABANDONED' : differs ? 'REBUILD_DIFFERS' : 'REBUILD_FAILED';
  throw new MillraceError(code, textOrNull(end, 'error') ?? `The rebuild of ${id} stopped.`);
}

function describeEnd(id: string, end: JsonFields): string[] {
  if (textFrom(end, 'state') === 'waiting') {
    return [
      `${id} is built, and other code than the live one's made another read model:`,
      ...describeDifferences(end),
      `Swap it in with "millrace rebuild ${id} --confirm", or end it with --abandon.`,
    ];
  }
  return [`${id} was built anew up to position ${numberFrom(end, 'position')} and swapped in.`];
}

function describeDifferences(progress: JsonFields): string[] {
  return listFrom(progress, 'differences').map((difference) => {
    const [live, built] = [numberOrNull(difference, 'liveRows'), numberOrNull(difference, 'newRows')];
    const counts = `${live ?? 'no'} rows live, ${built ?? 'no'} new`;
    return `  ${textFrom(difference, 'table')}: ${textFrom(difference, 'problem')} (${counts})`;
  });
}

function describeBuilds(id: string, answer: JsonFields): string[] {
  const lines = [
    `${id}: build ${numberFrom(answer, 'generation')} is live, at position ${numberFrom(answer, 'position')}.`,
  ];
  const { old, rebuild: newest } = answer;
  if (isObject(newest)) lines.push(`The newest rebuild is ${textFrom(newest, 'state')}.`);
  if (isObject(old)) {
    const problem = textOrNull(old, 'problem');
    const how = problem === null ? 'kept up to date' : `not kept up to date (${problem})`;
    lines.push(
      `Build ${numberFrom(old, 'generation')} is ${how} until ${textOrNull(old, 'dropAfter') ?? 'it is dropped'}.`,
    );
  }
  return lines;
}

async function progressOf(client: ServerClient, id: string): Promise<JsonFields | undefined> {
  const { rebuild: newest } = objectFrom(await client.get(`${pathOf(id)}/rebuild`), 'rebuild');
  return isObject(newest) ? newest : undefined;
}

function pathOf(id: string): string {
  return `/api/projections/${encodeURIComponent(id)}`;
}

async function allProjections(client: ServerClient): Promise<string[]> {
  const all = listFrom(await client.get('/api/projections/health'), 'projections');
  return all.map((status) => textFrom(status, 'projectionId'));
}

async function onlyProjection(client: ServerClient): Promise<string> {
  const [id, ...others] = await allProjections(client);
  if (id === undefined || others.length > 0) {
    throw new MillraceError('USAGE', `Name the projection: ${[id, ...others].join(', ')}.`);
  }
  return id;
}

/** @example 'orders: 1200 of 5000 events (24 %), 9000/s, 1 s left' */
export function describeProgress(progress: JsonFields): string {
  const [position, target] = [numberFrom(progress, 'position'), numberFrom(progress, 'target')];
  const share = target > 0 ? Math.floor((position / target) * 100) : 100;
  const rate = Math.round(numberOrNull(progress, 'eventsPerSecond') ?? 0);
  const left = numberOrNull(progress, 'secondsLeft');
  const end = left === null ? '' : `, ${Math.ceil(left)} s left`;
  const state = textFrom(progress, 'state');
  if (state !== 'running') return `${textFrom(progress, 'projection')}: ${state}, ${position} of ${target} events`;
  return `${textFrom(progress, 'projection')}: ${position} of ${target} events (${share} %), ${rate}/s${end}`;
}
