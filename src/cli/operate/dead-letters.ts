import type { DeadLetterOptions } from '../commands/dead-letters.ts';
import { listFrom, numberFrom, objectFrom, textFrom, textOrNull, type JsonFields } from '../json-shape.ts';
import { findAndConnect } from '../server-client.ts';
import { alignColumns, type Terminal } from '../terminal.ts';

/** Prints the dead letters, as a table or as JSON lines. */
export async function listDeadLetters(options: DeadLetterOptions, terminal: Terminal): Promise<void> {
  const client = await findAndConnect(options);
  const query = new URLSearchParams();
  if (options.projection !== undefined) query.set('projection', options.projection);
  if (options.all !== true) query.set('open', 'true');
  const path = query.size > 0 ? `/api/dead-letters?${query.toString()}` : '/api/dead-letters';
  const letters = listFrom(await client.get(path), 'deadLetters');
  if (options.json === true) for (const letter of letters) terminal.out(JSON.stringify(letter));
  else for (const line of describeDeadLetters(letters)) terminal.out(line);
}

/** A table with a heading, or one sentence when there is nothing. */
export function describeDeadLetters(letters: readonly JsonFields[]): string[] {
  if (letters.length === 0) return ['No event is parked.'];
  const cells = letters.map((letter) => [
    String(numberFrom(letter, 'id')),
    textFrom(letter, 'projection'),
    textFrom(letter, 'orderingKey'),
    String(numberFrom(letter, 'position')),
    textFrom(letter, 'eventName'),
    textFrom(letter, 'status'),
    String(numberFrom(letter, 'attempts')),
    firstLine(textOrNull(letter, 'error') ?? ''),
  ]);
  return alignColumns([['id', 'projection', 'key', 'position', 'event', 'status', 'attempts', 'error'], ...cells]);
}

/** Retries or discards one dead letter and says what came of it. */
export async function resolveDeadLetter(
  action: 'retry' | 'discard',
  id: number,
  body: { readonly reason?: string },
  options: DeadLetterOptions,
  terminal: Terminal,
): Promise<void> {
  const client = await findAndConnect(options);
  const answer = objectFrom(await client.post(`/api/dead-letters/${id}/${action}`, body), action);
  if (options.json === true) {
    terminal.out(JSON.stringify(answer));
    return;
  }
  const [applied, left] = [numberFrom(answer, 'applied'), numberFrom(answer, 'left')];
  const rest = left === 0 ? 'Nothing of this key waits any more.' : `${left} of this key still wait.`;
  terminal.out(`${action === 'discard' ? `Discarded ${id}; applied` : 'Applied'} ${applied} parked events. ${rest}`);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
