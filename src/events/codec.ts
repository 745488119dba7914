import { MillraceError } from '../errors.ts';
import { isJsonObject, upcast, type AnyEventDefinition } from './definition.ts';
import type { EventMetadata, Json, JsonObject, NewEvent, RecordedEvent, StoredEvent } from './envelope.ts';

/**
 * The one gate that all payloads pass on their way into the log and out of it. Today it writes JSON as it is;
 * encryption of the personal fields that the definitions declare will happen here and nowhere else.
 */
export interface PayloadCodec {
  encode(definition: AnyEventDefinition, data: unknown): string;
  decode(definition: AnyEventDefinition, payload: string): JsonObject;
}

/** Writes data as plain JSON. */
export const plainCodec: PayloadCodec = {
  encode: (_definition, data) => JSON.stringify(data),
  decode: (_definition, payload) => parseObject(payload),
};

/** An event as it goes to the store: encoded, tagged, not yet placed. */
export interface EncodedEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly tags: readonly string[];
  readonly payload: string;
}

/** The events of one system: knows every definition, encodes and decodes. */
export class EventRegistry {
  readonly #definitions = new Map<string, AnyEventDefinition>();
  readonly #codec: PayloadCodec;
  readonly #log: string;

  /** Throws DEFINITION_INVALID when two definitions have the same type name. */
  constructor(log: string, definitions: readonly AnyEventDefinition[], codec: PayloadCodec = plainCodec) {
    this.#log = log;
    this.#codec = codec;
    for (const definition of definitions) {
      if (this.#definitions.has(definition.type)) {
        throw new MillraceError('DEFINITION_INVALID', `Event ${definition.type} is defined twice.`);
      }
      this.#definitions.set(definition.type, definition);
    }
  }

  get types(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  definition(type: string): AnyEventDefinition {
    const definition = this.#definitions.get(type);
    if (definition === undefined) throw new MillraceError('EVENT_UNKNOWN', `No event ${type} is defined.`);
    return definition;
  }

  encode(event: NewEvent): EncodedEvent {
    const definition = this.definition(event.type);
    const payload: unknown = this.#codec.encode(definition, event.data);
    if (typeof payload !== 'string') throw new MillraceError('EVENT_INVALID', `${event.type} has no data.`);
    // A UTF-16 unit is at most three bytes: short payloads need not be measured.
    if (payload.length * 3 > maximumPayload && Buffer.byteLength(payload) > maximumPayload) {
      throw new MillraceError('EVENT_TOO_LARGE', `${event.type} is larger than ${maximumPayload} bytes.`);
    }
    // PostgreSQL's text cannot hold it, and a query on the payload would fail much later.
    if (payload.includes(nul) && hasNul(payload)) {
      throw new MillraceError('EVENT_INVALID', `The data of ${event.type} holds a NUL character.`);
    }
    // The definition's own call made and checked this data.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    const derived = definition.tagsOf(event.data as never);
    return {
      type: event.type,
      schemaVersion: definition.schemaVersion,
      tags: event.tags === undefined ? derived : [...new Set([...derived, ...event.tags])],
      payload,
    };
  }

  /** Type and data alone, as decisions see an event: decoded and upcast. Throws like {@link decode}. */
  decodeData(event: RecordedEvent): { readonly type: string; readonly data: JsonObject } {
    const definition = this.definition(event.type);
    if (event.schemaVersion > definition.schemaVersion) {
      throw new MillraceError(
        'EVENT_UNKNOWN',
        `${event.type} has schema version ${event.schemaVersion}, newer than this program.`,
      );
    }
    let data = this.#codec.decode(definition, event.payload);
    if (event.schemaVersion < definition.schemaVersion) data = upcast(definition, event.schemaVersion, data);
    return { type: event.type, data };
  }

  /** Decodes and upcasts. Throws EVENT_UNKNOWN for a type or version that no definition covers. */
  decode(event: RecordedEvent): StoredEvent {
    const { data } = this.decodeData(event);
    return {
      id: event.id,
      log: this.#log,
      position: event.position,
      stream: event.stream,
      version: event.version,
      type: event.type,
      schemaVersion: event.schemaVersion,
      tags: event.tags,
      data,
      metadata: parseMetadata(event.metadata),
      occurredAt: event.occurredAt,
    };
  }
}

const nul = String.raw`\u0000`;

/** True when a JSON text holds NUL in a string; `\\u0000` is a backslash and harmless digits. */
function hasNul(json: string): boolean {
  for (let at = json.indexOf(nul); at !== -1; at = json.indexOf(nul, at + 1)) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return true;
  }
  return false;
}

/** Payloads above this are refused at append, so that every broker can carry what the log holds. Bytes of UTF-8. */
export const maximumPayload = 256 * 1024;

function parseObject(text: string): JsonObject {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse makes JSON
  const value = JSON.parse(text) as Json;
  if (!isJsonObject(value)) throw new MillraceError('STORE_CORRUPT', 'A payload in the log is not a JSON object.');
  return value;
}

function parseMetadata(text: string): EventMetadata {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own encoder wrote it
  return JSON.parse(text) as EventMetadata;
}
