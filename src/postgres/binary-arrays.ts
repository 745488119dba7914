import { parseUuid } from '../events/event-id.ts';

/**
 * Arrays in PostgreSQL's binary wire format. A batch travels as a handful of them; text arrays would have to be
 * escaped here and parsed there, which costs about a third of the throughput.
 * Source of the layout: `array_send` in PostgreSQL's src/backend/utils/adt/arrayfuncs.c: dimensions, has-null flag,
 * element type oid, then per dimension length and lower bound, then each element with its length (-1 for null).
 */

const headerSize = 20;
const oids = { bool: 16, int4: 23, int8: 20, float8: 701, text: 25, uuid: 2950, json: 114, timestamptz: 1184 } as const;

/** Gives memory for one array. */
export type TakeMemory = (bytes: number) => Buffer;

const ownMemory: TakeMemory = (bytes) => Buffer.allocUnsafe(bytes);

/**
 * Memory that is used again for every batch. Buffers of their own for each batch lie outside the JavaScript heap, and
 * their pressure makes the garbage collector run over the whole heap dozens of times a second. What was taken may be
 * read until the next {@link reset}.
 */
export class BatchMemory {
  #buffer = Buffer.allocUnsafeSlow(512 * 1024);
  #used = 0;

  /** Nobody reads what was taken before. */
  reset(): void {
    this.#used = 0;
  }

  readonly take: TakeMemory = (bytes) => {
    // A rare giant gets memory of its own, and the collector takes it back.
    if (this.#used + bytes > this.#buffer.length) return Buffer.allocUnsafe(bytes);
    const start = this.#used;
    this.#used += bytes;
    return this.#buffer.subarray(start, this.#used);
  };
}

function writeHeader(buffer: Buffer, oid: number, length: number, hasNull: boolean): void {
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNull ? 1 : 0, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
}

function emptyArray(oid: number): Buffer {
  const buffer = Buffer.alloc(12);
  buffer.writeInt32BE(oid, 8);
  return buffer;
}

/** integer[] */
export function int4Array(values: readonly number[], take: TakeMemory = ownMemory): Buffer {
  if (values.length === 0) return emptyArray(oids.int4);
  const buffer = take(headerSize + values.length * 8);
  writeHeader(buffer, oids.int4, values.length, false);
  let at = headerSize;
  for (const value of values) {
    buffer.writeInt32BE(4, at);
    buffer.writeInt32BE(value, at + 4);
    at += 8;
  }
  return buffer;
}

function write64(buffer: Buffer, value: number, at: number): void {
  // Two 32-bit halves are several times cheaper than a BigInt, and exact for safe integers of either sign.
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}

/** bigint[] from safe integers */
export function int8Array(values: readonly number[], take: TakeMemory = ownMemory): Buffer {
  return eightByteArray(oids.int8, values, take);
}

const millisecondsTo2000 = Date.UTC(2000, 0, 1);

/** timestamptz[] from milliseconds since 1970, kept to the microsecond */
export function timestampArray(values: readonly number[], take: TakeMemory = ownMemory): Buffer {
  return eightByteArray(
    oids.timestamptz,
    values.map((value) => Math.round((value - millisecondsTo2000) * 1000)),
    take,
  );
}

function eightByteArray(oid: number, values: readonly number[], take: TakeMemory): Buffer {
  if (values.length === 0) return emptyArray(oid);
  const buffer = take(headerSize + values.length * 12);
  writeHeader(buffer, oid, values.length, false);
  let at = headerSize;
  for (const value of values) {
    buffer.writeInt32BE(8, at);
    write64(buffer, value, at + 4);
    at += 12;
  }
  return buffer;
}

/** uuid[] */
export function uuidArray(values: readonly string[], take: TakeMemory = ownMemory): Buffer {
  if (values.length === 0) return emptyArray(oids.uuid);
  const buffer = take(headerSize + values.length * 20);
  writeHeader(buffer, oids.uuid, values.length, false);
  let at = headerSize;
  for (const value of values) {
    buffer.writeInt32BE(16, at);
    parseUuid(value).copy(buffer, at + 4);
    at += 20;
  }
  return buffer;
}

/** text[]; undefined becomes null */
export function textArray(values: readonly (string | undefined)[], take: TakeMemory = ownMemory): Buffer {
  return stringArray(oids.text, values, take);
}

/** json[] from JSON texts */
export function jsonArray(values: readonly string[], take: TakeMemory = ownMemory): Buffer {
  return stringArray(oids.json, values, take);
}

function stringArray(oid: number, values: readonly (string | undefined)[], take: TakeMemory): Buffer {
  if (values.length === 0) return emptyArray(oid);
  // Three bytes a UTF-16 unit is the worst case of UTF-8; one pass over roomy memory beats measuring first.
  let size = headerSize;
  let hasNull = false;
  for (const value of values) {
    if (value === undefined) hasNull = true;
    size += 4 + (value === undefined ? 0 : value.length * 3);
  }
  const buffer = take(size);
  writeHeader(buffer, oid, values.length, hasNull);
  let at = headerSize;
  for (const value of values) {
    if (value === undefined) {
      buffer.writeInt32BE(-1, at);
      at += 4;
      continue;
    }
    const written = buffer.write(value, at + 4, 'utf8');
    buffer.writeInt32BE(written, at);
    at += 4 + written;
  }
  return buffer.subarray(0, at);
}

/** A column of values, nulls included, as an array of the column's type; timestamps in milliseconds since 1970. */
export function columnArray(
  type: 'integer' | 'bigint' | 'double precision' | 'boolean' | 'timestamptz',
  values: readonly (number | boolean | null)[],
): Buffer {
  const oid = columnOids[type];
  if (values.length === 0) return emptyArray(oid);
  const size = type === 'boolean' ? 1 : type === 'integer' ? 4 : 8;
  const buffer = Buffer.allocUnsafe(headerSize + values.length * (4 + size));
  let at = headerSize;
  let hasNull = false;
  for (const value of values) {
    if (value === null) {
      hasNull = true;
      buffer.writeInt32BE(-1, at);
      at += 4;
      continue;
    }
    buffer.writeInt32BE(size, at);
    writeValue(buffer, type, Number(value), at + 4);
    at += 4 + size;
  }
  writeHeader(buffer, oid, values.length, hasNull);
  return buffer.subarray(0, at);
}

const columnOids = {
  integer: oids.int4,
  bigint: oids.int8,
  'double precision': oids.float8,
  boolean: oids.bool,
  timestamptz: oids.timestamptz,
} as const;

function writeValue(buffer: Buffer, type: keyof typeof columnOids, value: number, at: number): void {
  switch (type) {
    case 'integer':
      buffer.writeInt32BE(value, at);
      break;
    case 'bigint':
      write64(buffer, value, at);
      break;
    case 'double precision':
      buffer.writeDoubleBE(value, at);
      break;
    case 'boolean':
      buffer.writeUInt8(value, at);
      break;
    case 'timestamptz':
      write64(buffer, Math.round((value - millisecondsTo2000) * 1000), at);
      break;
  }
}

/** A json[] column with nulls. */
export function nullableJsonArray(values: readonly (string | undefined)[]): Buffer {
  return stringArray(oids.json, values, ownMemory);
}
