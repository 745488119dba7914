/** What JSON can hold. Event data, states and answers are of this shape. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** An object as event data must be: plain, and written by JSON without loss. */
export type JsonObject = { readonly [key: string]: Json };

/**
 * What surrounds an event's data besides its place in the log: who, why and in which context.
 * Nothing personal stands here except through ids.
 */
export interface EventMetadata {
  /** Ties together everything that one outside request caused. */
  readonly correlationId: string;
  /** The id of the event or request that directly caused this event. */
  readonly causationId?: string | undefined;
  /** W3C trace context of the command, when it is traced; else that of the request, as it came. */
  readonly traceparent?: string | undefined;
  /** What tracing systems pass along with it. */
  readonly tracestate?: string | undefined;
  /** Who did it; `anonymous` when nobody signed in. */
  readonly actor: string;
  readonly tenant?: string | undefined;
  readonly site?: string | undefined;
  /** The caller's idempotency key, hashed with its scope. */
  readonly commandKey?: string | undefined;
  /** The key that encrypted the personal fields, when they are. */
  readonly encryptionKeyId?: string | undefined;
}

/** An event as the log holds it: the payload still in its stored form. What travels through relay and broker. */
export interface RecordedEvent {
  /** UUIDv7. Identity, not order. */
  readonly id: string;
  /** Place in the log: 1, 2, 3 … without gaps, in the order of commits. */
  readonly position: number;
  readonly stream: string;
  /** Place in the stream: 1, 2, 3 … */
  readonly version: number;
  readonly type: string;
  readonly schemaVersion: number;
  readonly tags: readonly string[];
  /** JSON text as stored. */
  readonly payload: string;
  /** JSON text as stored; an {@link EventMetadata}. */
  readonly metadata: string;
  /** When it was decided: the clock of the process that decided, milliseconds since 1970 with fractions. */
  readonly occurredAt: number;
}

/** An event as application code reads it: upcast to the newest schema version of its definition, decoded. */
export interface StoredEvent<Type extends string = string, Data = JsonObject> {
  readonly id: string;
  readonly log: string;
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly type: Type;
  readonly schemaVersion: number;
  readonly tags: readonly string[];
  readonly data: Data;
  readonly metadata: EventMetadata;
  readonly occurredAt: number;
}

/** An event that a decider wants to store. Made by calling an event definition. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
  /** Added to the tags that the definition derives from the data. */
  readonly tags?: readonly string[];
  /** The stream it goes to, when it is another than the command's own. */
  readonly stream?: string;
}
