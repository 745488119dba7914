import { crc32 } from 'node:zlib';
import type { RecordedEvent } from '../events/envelope.ts';

/** One line of an archive file: the event as it stood in the log, and when the log took it. */
export interface ArchivedLine extends RecordedEvent {
  /** ISO 8601 with microseconds, UTC. */
  readonly createdAt: string;
}

/** A line of JSON with its line feed. Payload and metadata stay the texts that they were, byte for byte. */
export function encodeLine(line: ArchivedLine): Buffer {
  const { position, id, stream, version, type, schemaVersion, tags, occurredAt, createdAt, payload, metadata } = line;
  const ordered = { position, id, stream, version, type, schemaVersion, tags, occurredAt, createdAt };
  return Buffer.from(`${JSON.stringify({ ...ordered, payload, metadata })}\n`);
}

/** CRC-32 as PostgreSQL's `integer` holds it: signed. */
export function checksumOf(bytes: Buffer): number {
  return crc32(bytes) | 0;
}

/** The event of a line; undefined when it is none. */
export function decodeLine(bytes: Buffer): ArchivedLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  return isLine(value) ? value : undefined;
}

const kinds: { readonly [Field in keyof Omit<ArchivedLine, 'tags'>]: 'string' | 'number' } = {
  position: 'number',
  id: 'string',
  stream: 'string',
  version: 'number',
  type: 'string',
  schemaVersion: 'number',
  occurredAt: 'number',
  createdAt: 'string',
  payload: 'string',
  metadata: 'string',
};

function isLine(value: unknown): value is ArchivedLine {
  if (typeof value !== 'object' || value === null || !('tags' in value) || !Array.isArray(value.tags)) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return (
    Object.entries(kinds).every(([field, kind]) => typeof fields.get(field) === kind) &&
    value.tags.every((tag) => typeof tag === 'string')
  );
}
