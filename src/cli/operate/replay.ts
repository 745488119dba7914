import type { ReplayOptions } from '../commands/replay.ts';
import { MillraceError } from '../../errors.ts';
import { listFrom, numberFrom, numberOrNull, objectFrom, textFrom, type JsonFields } from '../json-shape.ts';
import { findAndConnect } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';

const pageSize = 1_000;

/** Prints events in their order, page by page, so that a stream of any length can be printed. Throws STREAM_UNKNOWN. */
export async function replay(id: string, options: ReplayOptions, terminal: Terminal): Promise<void> {
  const client = await findAndConnect(options);
  const upTo = options.at ?? Number.MAX_SAFE_INTEGER;
  const describe = options.json === true ? JSON.stringify : describeEvent;
  let printed = 0;
  for (let after: number | null = 0; after !== null;) {
    const path = `/api/events/${encodeURIComponent(id)}?after=${after}&limit=${pageSize}`;
    const page: JsonFields = objectFrom(await client.get(path), 'events');
    for (const event of listFrom(page, 'events')) {
      if (numberFrom(event, 'version') > upTo) continue;
      terminal.out(describe(event));
      printed += 1;
    }
    after = numberOrNull(page, 'next');
  }
  if (printed === 0) throw new MillraceError('STREAM_UNKNOWN', `There are no events of ${id}.`);
}

/** @example '17  v3  2026-01-31T09:00:00.000Z  ItemAdded  {"sku":"a"}' */
export function describeEvent(event: JsonFields): string {
  const [position, version] = [numberFrom(event, 'position'), numberFrom(event, 'version')];
  const what = `${textFrom(event, 'occurredAt')}  ${textFrom(event, 'type')}`;
  return `${position}  v${version}  ${what}  ${JSON.stringify(event['data'])}`;
}
