import { MillraceError } from '../../errors.ts';
import type { DeadLetterOptions, GroupOptions, ListOptions } from '../commands/dead-letters.ts';
import { listFrom, numberFrom, objectFrom, textFrom, textOrNull, type JsonFields } from '../json-shape.ts';
import { findAndConnect } from '../server-client.ts';
import { alignColumns, type Terminal } from '../terminal.ts';

/** A retry of many keys may take a while, in milliseconds. */
const patience = 120_000;

function placeOf(options: DeadLetterOptions): string {
  return options.relay === true ? '/api/dead-letters/relay' : '/api/dead-letters';
}

/** The group that options name, as the API has it. */
function groupOf({ projection, key, event, relay }: GroupOptions): Record<string, string> {
  if (relay === true && projection !== undefined) {
    throw new MillraceError('USAGE', '--relay and --projection do not go together: what a broker refuses is for all.');
  }
  return {
    ...(projection === undefined ? {} : { projection }),
    ...(key === undefined ? {} : { orderingKey: key }),
    ...(event === undefined ? {} : { eventName: event }),
  };
}

/** Prints the dead letters, as a table or as JSON lines. */
export async function listDeadLetters(options: ListOptions, terminal: Terminal): Promise<void> {
  const query = new URLSearchParams(groupOf(options));
  const { relay, status, after, limit } = options;
  if (status !== undefined) query.set('status', relay === true ? status.toUpperCase() : status);
  else if (options.all !== true) query.set('open', 'true');
  if (after !== undefined) query.set('after', String(after));
  if (limit !== undefined) query.set('limit', String(limit));
  const client = await findAndConnect(options);
  const answer = await client.get(query.size > 0 ? `${placeOf(options)}?${query.toString()}` : placeOf(options));
  const letters = listFrom(answer, relay === true ? 'refused' : 'deadLetters');
  if (options.json === true) {
    for (const letter of letters) terminal.out(JSON.stringify(letter));
    return;
  }
  for (const line of describeDeadLetters(letters, relay)) terminal.out(line);
  const next = objectFrom(answer, 'answer')['next'];
  if (typeof next === 'number') terminal.out(`There are more: add --after ${next}`);
}

/** A table with a heading, or one sentence when there is nothing. */
export function describeDeadLetters(letters: readonly JsonFields[], relay = false): string[] {
  if (letters.length === 0) return [relay ? 'The broker has refused nothing.' : 'No event is parked.'];
  const cells = letters.map((letter) => [
    String(numberFrom(letter, 'id')),
    textFrom(letter, relay ? 'destination' : 'projection'),
    textFrom(letter, 'orderingKey'),
    String(numberFrom(letter, 'position')),
    textFrom(letter, 'eventName'),
    textFrom(letter, 'status'),
    String(numberFrom(letter, 'attempts')),
    nextAttempt(letter),
    firstLine(textOrNull(letter, 'error') ?? ''),
  ]);
  const owner = relay ? 'broker' : 'projection';
  return alignColumns([
    ['id', owner, 'key', 'position', 'event', 'status', 'attempts', 'next attempt', 'error'],
    ...cells,
  ]);
}

/** Prints one dead letter with its event. */
export async function showDeadLetter(id: number, options: DeadLetterOptions, terminal: Terminal): Promise<void> {
  const client = await findAndConnect(options);
  const letter = objectFrom(await client.get(`${placeOf(options)}/${id}`), 'dead letter');
  if (options.json === true) {
    terminal.out(JSON.stringify(letter));
    return;
  }
  for (const line of describeDeadLetter(letter)) terminal.out(line);
}

/** One line for each field that says something; objects as JSON. */
export function describeDeadLetter(letter: JsonFields): string[] {
  const shown = Object.entries(letter).filter(([, value]) => value !== null && !isEmptyList(value));
  return alignColumns(shown.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

/** Retries or discards one dead letter and says what came of it. */
export async function resolveDeadLetter(
  action: 'retry' | 'discard',
  id: number,
  options: DeadLetterOptions,
  terminal: Terminal,
): Promise<void> {
  const client = await findAndConnect(options);
  const answer = objectFrom(await client.post(`${placeOf(options)}/${id}/${action}`, reasonOf(options)), action);
  if (options.json === true) terminal.out(JSON.stringify(answer));
  else terminal.out(options.relay === true ? relayOutcome(action, id, answer) : outcome(action, id, answer));
}

/** Retries the keys of a group and says what came of it. */
export async function retryDeadLetters(options: GroupOptions, terminal: Terminal): Promise<void> {
  const body = { ...groupOf(options), ...reasonOf(options) };
  const client = await findAndConnect(options, patience);
  const answer = objectFrom(await client.post(`${placeOf(options)}/retry-all`, body), 'retry-all');
  if (options.json === true) {
    terminal.out(JSON.stringify(answer));
    return;
  }
  const keys = numberFrom(answer, 'keys');
  if (options.relay === true) {
    terminal.out(`The relay tries ${keys} keys now.`);
    return;
  }
  if (keys === 0) {
    terminal.out('No parked event matches.');
    return;
  }
  const again = numberFrom(answer, 'failedAgain');
  const rest = again === 0 ? 'None of them is parked any more.' : `${again} of them failed again.`;
  terminal.out(`Applied ${numberFrom(answer, 'applied')} parked events of ${keys} keys. ${rest}`);
}

function reasonOf({ reason }: DeadLetterOptions): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}

function outcome(action: 'retry' | 'discard', id: number, answer: JsonFields): string {
  const [applied, left] = [numberFrom(answer, 'applied'), numberFrom(answer, 'left')];
  const rest = left === 0 ? 'Nothing of this key waits any more.' : `${left} of this key still wait.`;
  return `${action === 'discard' ? `Discarded ${id}; applied` : 'Applied'} ${applied} parked events. ${rest}`;
}

function relayOutcome(action: 'retry' | 'discard', id: number, answer: JsonFields): string {
  if (action === 'retry') return 'The relay tries this key now.';
  const left = numberFrom(answer, 'left');
  return `Discarded ${id}; ${left === 0 ? 'nothing of this key waits any more.' : `the relay tries the other ${left} now.`}`;
}

function nextAttempt(letter: JsonFields): string {
  const at = textOrNull(letter, 'nextAttemptAt');
  if (at !== null) return at;
  const status = textFrom(letter, 'status');
  return status === 'failed' || status === 'MANUAL' ? 'manual' : '';
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
