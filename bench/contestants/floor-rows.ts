import { sampleEvent } from '../sample-event.ts';

/** One row of the floor's table, each field in PostgreSQL's binary form. */
interface BinaryRow {
  readonly position: Buffer;
  readonly eventId: Buffer;
  readonly aggregateId: Buffer;
  readonly payload: Buffer;
  readonly metadata: Buffer;
  readonly occurredAt: Buffer;
}

const oid = { int8: 20, int4: 23, text: 25, json: 114, timestamptz: 1184, uuid: 2950 };
const one8 = int8(1n);
const one4 = int4(1);
const eventName = Buffer.from('OrderPlaced');
const noTags = Buffer.concat([int4(0), int4(0), int4(oid.text)]);
const copySignature = Buffer.concat([Buffer.from('PGCOPY\n\u00ff\r\n\0', 'latin1'), int4(0), int4(0)]);
const copyTrailer = int2(-1);
const microsecondsTo2000 = BigInt(Date.UTC(2000, 0, 1)) * 1000n;

/** The parameters of `floor-unnest.sql` for rows `first` to `first + count − 1`: nine binary arrays. */
export function unnestParameters(first: number, count: number): Buffer[] {
  const rows = makeRows(first, count);
  const repeat = (value: Buffer): Buffer[] => rows.map(() => value);
  return [
    binaryArray(
      oid.int8,
      rows.map((row) => row.position),
    ),
    binaryArray(
      oid.uuid,
      rows.map((row) => row.eventId),
    ),
    binaryArray(
      oid.text,
      rows.map((row) => row.aggregateId),
    ),
    binaryArray(oid.int8, repeat(one8)),
    binaryArray(oid.text, repeat(eventName)),
    binaryArray(oid.int4, repeat(one4)),
    binaryArray(
      oid.json,
      rows.map((row) => row.payload),
    ),
    binaryArray(
      oid.json,
      rows.map((row) => row.metadata),
    ),
    binaryArray(
      oid.timestamptz,
      rows.map((row) => row.occurredAt),
    ),
  ];
}

/** The columns that `copyData` carries, in order. */
export const copyColumns =
  'position, event_id, aggregate_id, version, event_name, schema_version, payload, metadata, tags, occurred_at';

/** The same rows as the whole body of a COPY in binary format. */
export function copyData(first: number, count: number): Buffer {
  const parts: Uint8Array[] = [copySignature];
  for (const row of makeRows(first, count)) {
    const fields = [
      row.position,
      row.eventId,
      row.aggregateId,
      one8,
      eventName,
      one4,
      row.payload,
      row.metadata,
      noTags,
      row.occurredAt,
    ];
    parts.push(int2(fields.length));
    for (const field of fields) parts.push(int4(field.length), field);
  }
  parts.push(copyTrailer);
  return Buffer.concat(parts);
}

function makeRows(first: number, count: number): BinaryRow[] {
  return Array.from({ length: count }, (_, index) => {
    const event = sampleEvent();
    return {
      position: int8(BigInt(first + index)),
      eventId: Buffer.from(event.id.replaceAll('-', ''), 'hex'),
      aggregateId: Buffer.from(event.stream),
      payload: Buffer.from(JSON.stringify(event.payload)),
      metadata: Buffer.from(JSON.stringify(event.metadata)),
      occurredAt: int8(BigInt(event.occurredAt.getTime()) * 1000n - microsecondsTo2000),
    };
  });
}

/** A one-dimensional array without nulls: dimensions, null flag, element type, length, lower bound, elements. */
function binaryArray(elementType: number, elements: readonly Buffer[]): Buffer {
  const size = elements.reduce((sum, element) => sum + 4 + element.length, 20);
  const array = Buffer.allocUnsafe(size);
  let at = 0;
  for (const head of [1, 0, elementType, elements.length, 1]) at = array.writeInt32BE(head, at);
  for (const element of elements) {
    at = array.writeInt32BE(element.length, at);
    at += element.copy(array, at);
  }
  return array;
}

function int2(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int4(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int8(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
