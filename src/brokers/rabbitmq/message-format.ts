import type { ConsumeMessage, Options } from 'amqplib';
import type { RecordedEvent } from '../../events/envelope.ts';
import type { TraceContext } from '../../tracing.ts';
import type { BrokerMessage } from '../broker.ts';

/**
 * How an event looks on RabbitMQ. The body is one JSON object that anybody can read:
 *
 *     {"data":{…},"metadata":{…},"event":{"id":"…","position":7,"stream":"…","version":1,"type":"…", …}}
 *
 * Data and metadata stand in it exactly as they are stored. The header `millrace-lengths` says how many bytes they have,
 * so that a consumer cuts them out instead of parsing and writing them again. `traceparent` and `tracestate` are headers,
 * where whoever traces RabbitMQ looks for them.
 */
interface Frame extends Omit<RecordedEvent, 'payload' | 'metadata'> {
  readonly log: string;
  readonly incarnation: string;
  readonly previous: number;
  readonly handedAt: number;
}

const lengthsHeader = 'millrace-lengths';
const [beforeData, beforeMetadata, beforeEvent, end] = ['{"data":', ',"metadata":', ',"event":', '}'];

/** A message as it is published. */
export interface PublishedMessage {
  readonly content: Buffer;
  readonly options: Options.Publish;
}

export function encodeMessage(message: BrokerMessage): PublishedMessage {
  const { event, log, incarnation, previous, handedAt, trace } = message;
  const { payload, metadata, ...rest } = event;
  const frame: Frame = { ...rest, log, incarnation, previous, handedAt };
  const text = `${beforeData}${payload}${beforeMetadata}${metadata}${beforeEvent}${JSON.stringify(frame)}${end}`;
  return {
    content: Buffer.from(text),
    options: {
      mandatory: true,
      persistent: true,
      contentType: 'application/json',
      messageId: event.id,
      type: event.type,
      headers: { [lengthsHeader]: `${Buffer.byteLength(payload)} ${Buffer.byteLength(metadata)}`, ...trace },
    },
  };
}

/** The message again, or undefined when it is none of ours. */
export function decodeMessage({
  content,
  properties,
}: Pick<ConsumeMessage, 'content' | 'properties'>): BrokerMessage | undefined {
  const lengths: unknown = properties.headers?.[lengthsHeader];
  const [data, metadata] = typeof lengths === 'string' ? lengths.split(' ').map(Number) : [];
  if (data === undefined || metadata === undefined || !(data >= 0) || !(metadata >= 0)) return undefined;
  const dataStart = beforeData.length;
  const metadataStart = dataStart + data + beforeMetadata.length;
  const eventStart = metadataStart + metadata + beforeEvent.length;
  if (content.toString('latin1', metadataStart + metadata, eventStart) !== beforeEvent) return undefined;
  const frame = parseFrame(content.toString('utf8', eventStart, content.length - end.length));
  if (frame === undefined) return undefined;
  const { log, incarnation, previous, handedAt, ...rest } = frame;
  return {
    event: {
      ...rest,
      payload: content.toString('utf8', dataStart, dataStart + data),
      metadata: content.toString('utf8', metadataStart, metadataStart + metadata),
    },
    log,
    incarnation,
    previous,
    handedAt,
    trace: traceIn(properties.headers),
  };
}

function traceIn(headers: ConsumeMessage['properties']['headers']): TraceContext | undefined {
  const traceparent: unknown = headers?.['traceparent'];
  if (typeof traceparent !== 'string') return undefined;
  const tracestate: unknown = headers?.['tracestate'];
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}

function parseFrame(text: string): Frame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return isFrame(frame) ? frame : undefined;
  } catch {
    return undefined;
  }
}

const texts = ['id', 'stream', 'type', 'log', 'incarnation'] as const;
const numbers = ['position', 'version', 'schemaVersion', 'occurredAt', 'previous', 'handedAt'] as const;

function isFrame(value: unknown): value is Frame {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return (
    texts.every((name) => typeof fields.get(name) === 'string') &&
    numbers.every((name) => typeof fields.get(name) === 'number') &&
    Array.isArray(fields.get('tags'))
  );
}
