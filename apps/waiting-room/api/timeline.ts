import type { EventMetadata, RecordedEvent, RunningSystem } from '#millrace';

type Log = Pick<RunningSystem['log'], 'head' | 'read'>;

/** What was found, and which part of the log was looked through: positions above `after` up to `upTo`. */
export interface Timeline {
  readonly events: readonly RecordedEvent[];
  readonly after: number;
  readonly upTo: number;
  readonly head: number;
}

/** Events that are looked through for one answer. */
const window = 20_000;
const page = 2_000;
/** Clocks of several machines differ. */
const skewMs = 60_000;

/**
 * The events that one request caused. The log keeps no index of correlation ids, so a part of it is looked through: from
 * `after` when that is given, from the time that the id itself carries when this system made it (a UUIDv7), otherwise
 * the newest part.
 */
export async function timelineOf(log: Log, correlationId: string, from: number | undefined): Promise<Timeline> {
  const { position: head } = await log.head();
  const after = from ?? (await begin(log, correlationId, head));
  const upTo = Math.min(head, after + window);
  const events: RecordedEvent[] = [];
  for (let at = after; at < upTo;) {
    const read = await log.read({ after: at, upTo, limit: page });
    if (read.length === 0) break;
    events.push(...read.filter((event) => belongsTo(event, correlationId)));
    at = read.at(-1)?.position ?? upTo;
  }
  return { events, after, upTo, head };
}

function belongsTo({ metadata }: RecordedEvent, correlationId: string): boolean {
  // Most events do not so much as mention it.
  return metadata.includes(correlationId) && metadataOf(metadata).correlationId === correlationId;
}

/** Written by the platform, in this shape. */
export function metadataOf(text: string): EventMetadata {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(text) as EventMetadata;
}

async function begin(log: Log, correlationId: string, head: number): Promise<number> {
  const made = timeIn(correlationId);
  const newest = Math.max(0, head - window);
  return made === undefined ? newest : lastBefore(log, made - skewMs, head);
}

/** Milliseconds since 1970 that a UUIDv7 carries; undefined for any other id. */
export function timeIn(id: string): number | undefined {
  const digits = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.exec(id);
  return digits === null ? undefined : Number.parseInt(`${digits[1]}${digits[2]}`, 16);
}

/** The last position whose event is older than a moment: halving, since positions and times run together. */
async function lastBefore(log: Log, moment: number, head: number): Promise<number> {
  let [low, high] = [0, head];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await log.read({ after: middle, limit: 1 });
    if (event === undefined || event.occurredAt >= moment) high = middle;
    else low = middle + 1;
  }
  return low;
}
