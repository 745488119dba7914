import type { Client, Pool } from 'pg';
import type { RecordedEvent } from '../../events/envelope.ts';
import type { AppendRequest } from '../store.ts';
import type { EventRow, LogStatements } from './statements.ts';

/**
 * Finds the events of some requests by their ids after an unknown outcome. Takes the log's lock first: a transaction
 * that is still committing has ended then. One that has not even begun to wait may run later; its event ids and
 * versions collide with what is sent again, so only one of the two can succeed.
 */
export async function lookUpUnderLock(
  client: Client,
  statements: LogStatements,
  requests: readonly AppendRequest[],
): Promise<Map<string, RecordedEvent>> {
  // Read committed, whatever the database's default: the second statement must see what the first has waited for.
  await client.query('begin isolation level read committed');
  try {
    await client.query('select millrace_lock_log()');
    const found = await lookUp(client, statements, requests);
    await client.query('commit');
    return found;
  } catch (error) {
    // A broken connection rolls back by itself.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Finds the events of some requests by their ids. */
export async function lookUp(
  client: Client | Pool,
  statements: LogStatements,
  requests: readonly AppendRequest[],
): Promise<Map<string, RecordedEvent>> {
  const ids = requests.flatMap((request) => request.events.map((event) => event.id));
  const rows = await client.query<EventRow>(statements.eventsById(ids));
  return new Map((await statements.toEvents(rows.rows)).map((event) => [event.id, event]));
}

/** The request's own events as they are stored; undefined when not all of them are, or when they are others. */
export function storedEvents(
  request: AppendRequest,
  found: ReadonlyMap<string, RecordedEvent>,
): readonly RecordedEvent[] | undefined {
  const events: RecordedEvent[] = [];
  for (const event of request.events) {
    const stored = found.get(event.id);
    if (stored === undefined || stored.stream !== event.stream || stored.type !== event.type) return undefined;
    events.push(stored);
  }
  return events.length === 0 ? undefined : events;
}
