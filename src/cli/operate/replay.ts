import type { ReplayOptions } from '../commands/replay.ts';
import { MillraceError } from '../../errors.ts';
import { listFrom, numberFrom, textFrom, textOrNull, type JsonFields } from '../json-shape.ts';
import { findAndConnect } from '../server-client.ts';
import { alignColumns, type Terminal } from '../terminal.ts';

/** Prints the events of a stream in their order. */
export async function replay(id: string, options: ReplayOptions, terminal: Terminal): Promise<void> {
  const client = await findAndConnect(options);
  const all = listFrom(await client.get(`/api/events/${encodeURIComponent(id)}`), 'events');
  const { at } = options;
  const events = at === undefined ? all : all.filter((event) => numberFrom(event, 'version') <= at);
  if (events.length === 0) throw new MillraceError('STREAM_UNKNOWN', `There are no events of ${id}.`);
  const lines = options.json === true ? events.map((event) => JSON.stringify(event)) : describeEvents(events);
  for (const line of lines) terminal.out(line);
}

/** One line an event: position, version, when, type, data. */
export function describeEvents(events: readonly JsonFields[]): string[] {
  const heading = ['position', 'version', 'occurred at', 'event', 'data'];
  const cells = events.map((event) => [
    String(numberFrom(event, 'position')),
    String(numberFrom(event, 'version')),
    textOrNull(event, 'occurredAt') ?? '',
    textOrNull(event, 'eventName') ?? textFrom(event, 'type'),
    JSON.stringify(event['data'] ?? event['payload'] ?? {}),
  ]);
  return alignColumns([heading, ...cells]);
}
