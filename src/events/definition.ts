import type { Static, TObject } from 'typebox';
import { Compile } from 'typebox/compile';
import { MillraceError } from '../errors.ts';
import type { Json, JsonObject, NewEvent } from './envelope.ts';

/** Turns the data of one schema version into the data of the next one. Pure, and never throws on recorded data. */
export type Upcast = (data: JsonObject) => JsonObject;

export interface EventOptions<Schema extends TObject> {
  /** The data's shape, as a TypeBox object. Checked when an event is made. */
  readonly schema: Schema;
  /** The schema version that is written today. Default 1. */
  readonly version?: number;
  /** What the event is about besides its stream, derived from the data: `queue:…`, `slot:…`. Nothing personal. */
  readonly tags?: (data: Static<Schema>) => readonly string[];
  /** Personal fields, each with the field that says whose they are: `{ name: 'personId' }`. */
  readonly personal?: { readonly [Field in keyof Static<Schema>]?: keyof Static<Schema> };
  /** For each old version, the way to the next: `{ 1: fromV1 }` takes version 1 to version 2. */
  readonly upcasts?: { readonly [version: number]: Upcast };
  /**
   * Nothing is meant to follow in its stream: a stream whose last event is of such a type is closed, and its old events may
   * be archived. One that goes on all the same loses nothing. Default false.
   */
  readonly endsStream?: boolean;
}

/**
 * The definition of one event type. Calling it makes a new event and checks its data.
 * @example
 * const ItemAdded = defineEvent('ItemAdded', { schema: Type.Object({ sku: Type.String() }), tags: (d) => [`sku:${d.sku}`] });
 * const event = ItemAdded({ sku: 'A-1' });
 */
export interface EventDefinition<Type extends string = string, Data = JsonObject> {
  (data: Data, options?: { readonly stream?: string; readonly tags?: readonly string[] }): NewEvent<Type, Data>;
  readonly type: Type;
  readonly schemaVersion: number;
  readonly schema: TObject;
  readonly personal: { readonly [field: string]: string };
  readonly upcasts: { readonly [version: number]: Upcast };
  readonly endsStream: boolean;
  /** The problems of some data, by field; empty when it fits. */
  check(data: unknown): readonly { readonly field: string; readonly problem: string }[];
  tagsOf(data: Data): readonly string[];
}

/** The union of the new events that some definitions make. @example type CartEvent = EventOf<typeof ItemAdded | typeof ItemRemoved> */
export type EventOf<Definition> =
  Definition extends EventDefinition<infer Type, infer Data> ? { readonly type: Type; readonly data: Data } : never;

/**
 * Any definition, whatever its data. As no single data type fits all of them, it is called with `never`: nobody can
 * call it without knowing which one it is.
 */
export interface AnyEventDefinition extends Pick<
  EventDefinition,
  'type' | 'schemaVersion' | 'schema' | 'personal' | 'upcasts' | 'endsStream' | 'check'
> {
  (data: never): NewEvent;
  tagsOf(data: never): readonly string[];
}

const noTags: readonly string[] = [];

/**
 * Defines an event type. Throws DEFINITION_INVALID when the type name is not one word, a personal field is not in the
 * schema, or an upcast is missing between version 1 and the written version.
 */
export function defineEvent<const Type extends string, Schema extends TObject>(
  type: Type,
  options: EventOptions<Schema>,
): EventDefinition<Type, Static<Schema>> {
  type Data = Static<Schema>;
  const version = options.version ?? 1;
  const upcasts = options.upcasts ?? {};
  if (!/^[A-Z][A-Za-z0-9]{0,99}$/.test(type)) throw invalid(type, 'the name must be one word in PascalCase');
  for (let old = 1; old < version; old++) {
    if (upcasts[old] === undefined) throw invalid(type, `there is no upcast from schema version ${old}`);
  }
  const personal: Record<string, string> = {};
  for (const [field, owner] of Object.entries(options.personal ?? {})) {
    if (!(field in options.schema.properties) || !(String(owner) in options.schema.properties)) {
      throw invalid(type, `personal field ${field} or its owner ${String(owner)} is not in the schema`);
    }
    personal[field] = String(owner);
  }
  const validator = Compile(options.schema);
  const check = (data: unknown) =>
    validator.Check(data)
      ? []
      : [...validator.Errors(data)].map((error) => ({
          field: error.instancePath.slice(1),
          problem: error.message,
        }));
  const make = (data: Data, extra?: { readonly stream?: string; readonly tags?: readonly string[] }) => {
    if (!validator.Check(data)) {
      throw new MillraceError('EVENT_INVALID', `The data of ${type} does not fit its definition.`, {
        fields: check(data),
      });
    }
    return extra === undefined ? { type, data } : { type, data, ...extra };
  };
  return Object.assign(make, {
    type,
    schemaVersion: version,
    schema: options.schema,
    personal,
    upcasts,
    endsStream: options.endsStream ?? false,
    check,
    tagsOf: options.tags ?? (() => noTags),
  });
}

/** Upcasts data step by step from an old schema version to the version that the definition writes. */
export function upcast(definition: AnyEventDefinition, schemaVersion: number, data: JsonObject): JsonObject {
  let current = data;
  for (let version = schemaVersion; version < definition.schemaVersion; version++) {
    const step = definition.upcasts[version];
    if (step === undefined) {
      throw new MillraceError('EVENT_UNKNOWN', `${definition.type} has no upcast from schema version ${version}.`);
    }
    current = step(current);
  }
  return current;
}

/**
 * The data of an event, with the type that its definition gives it. Throws EVENT_INVALID for an event of another type.
 * @example const { sku } = dataOf(ItemAdded, event);
 */
export function dataOf<Data>(
  definition: EventDefinition<string, Data>,
  event: { readonly type: string; readonly data: unknown },
): Data {
  if (event.type !== definition.type) {
    throw new MillraceError('EVENT_INVALID', `${event.type} was taken for ${definition.type}.`);
  }
  // An event that was made or decoded under its definition has data of that shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return event.data as Data;
}

/** True for an object that JSON wrote: the check that stands between `JSON.parse` and typed code. */
export function isJsonObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(type: string, problem: string): MillraceError {
  return new MillraceError('DEFINITION_INVALID', `Event ${type}: ${problem}.`);
}
