import { MillraceError } from '../errors.ts';
import type { AppendRequest, EventQuery, EventToAppend, ReadOptions } from './store.ts';

/** Throws APPEND_INVALID for a request that can never be stored as it stands, whatever the log holds. */
export function checkRequest(request: AppendRequest): void {
  const problem = problemOfRequest(request);
  if (problem !== undefined) throw new MillraceError('APPEND_INVALID', problem);
}

/** Throws APPEND_INVALID for an event that can never be stored. */
export function checkEvent(event: EventToAppend): void {
  const problem = problemOfEvent(event);
  if (problem !== undefined) throw new MillraceError('APPEND_INVALID', problem);
}

/** Throws QUERY_INVALID for a query that can never find anything. */
export function checkQueries(queries: readonly EventQuery[]): void {
  for (const query of queries) {
    const problem =
      'stream' in query
        ? isName(query.stream) && isCount(query.afterVersion ?? 0)
          ? undefined
          : 'A query needs a stream name and a version from 0 up.'
        : (problemOfTags(query.tags) ?? problemOfTypes(query.types));
    if (problem !== undefined) throw new MillraceError('QUERY_INVALID', problem);
  }
}

/** Throws QUERY_INVALID for positions or a limit that cannot be. */
export function checkRange({ after = 0, upTo = 0, limit = 0 }: ReadOptions): void {
  if (!isCount(after) || !isCount(upTo) || !isCount(limit)) {
    throw new MillraceError('QUERY_INVALID', 'A position or a limit is not a whole number from 0 up.');
  }
}

/** True for the 36 characters of a uuid in lower case, as PostgreSQL prints it: ids are compared as text. */
export function isUuid(text: string): boolean {
  return uuid.test(text);
}

function problemOfRequest(request: AppendRequest): string | undefined {
  const keys = request.keys ?? [];
  if (request.events.length === 0 && keys.length === 0) return 'The request has nothing to store.';
  const ids = new Set<string>();
  for (const event of request.events) {
    const problem = problemOfEvent(event);
    if (problem !== undefined) return problem;
    if (ids.has(event.id)) return `The event id ${event.id} stands twice in one request.`;
    ids.add(event.id);
  }
  const streams = new Set<string>();
  for (const { stream, version } of request.expect ?? []) {
    if (!isName(stream) || !isCount(version)) return 'An expectation needs a stream name and a version from 0 up.';
    if (streams.has(stream)) return 'Two expectations name the same stream.';
    streams.add(stream);
  }
  for (const condition of request.conditions ?? []) {
    const problem = problemOfTags(condition.tags) ?? problemOfTypes(condition.types);
    if (problem !== undefined) return problem;
    if (!isCount(condition.after)) return 'A condition needs a position from 0 up.';
  }
  const used = new Set<string>();
  for (const key of keys) {
    if (!isUuid(key.key) || !isUuid(key.requestHash)) return 'A command key or its request hash is not a uuid.';
    if (used.has(key.key)) return 'Two commands of one request have the same key.';
    used.add(key.key);
    const last = key.firstEvent + key.eventCount;
    if (!isCount(key.firstEvent) || !isCount(key.eventCount) || last > request.events.length) {
      return 'A command key counts events that are not in the request.';
    }
    if (!key.answer.isWellFormed()) return 'The answer of a command key is not well-formed Unicode.';
  }
  return undefined;
}

function problemOfEvent(event: EventToAppend): string | undefined {
  if (!isUuid(event.id)) return 'An event id is not a uuid in lower case.';
  if (!isName(event.stream)) return `A stream name is ${badName}.`;
  if (!isName(event.type)) return `An event type is ${badName}.`;
  if (!Number.isInteger(event.schemaVersion) || event.schemaVersion < 1 || event.schemaVersion > maximumInteger) {
    return 'A schema version is not a whole number from 1 up.';
  }
  // Years 1 to 9999: what a timestamp in ISO form can say.
  if (!(event.occurredAt >= -62_135_596_800_000 && event.occurredAt < 253_402_300_800_000)) {
    return 'The time of an event is not a number of milliseconds between the years 1 and 9999.';
  }
  // On the wire a lone surrogate would turn into U+FFFD, and what is read were not what was written.
  if (!event.payload.isWellFormed() || !event.metadata.isWellFormed()) {
    return 'Payload or metadata are not well-formed Unicode.';
  }
  if (event.tags.length === 0) return undefined;
  return problemOfTags(event.tags);
}

function problemOfTags(tags: readonly string[]): string | undefined {
  if (tags.length === 0) return 'A query or condition needs a tag.';
  for (const tag of tags) if (!isName(tag)) return `A tag is ${badName}.`;
  return tags.length > 1 && new Set(tags).size !== tags.length ? 'The same tag stands twice.' : undefined;
}

function problemOfTypes(types: readonly string[] | undefined): string | undefined {
  if (types === undefined) return undefined;
  // "None of these types" with no type would hold whatever happens: more likely a mistake than a wish.
  if (types.length === 0) return 'An empty list of types excludes nothing; leave it out to mean every type.';
  for (const type of types) if (!isName(type)) return `An event type is ${badName}.`;
  return undefined;
}

const badName = 'empty, longer than 500 characters, not well-formed Unicode or has control characters';
const maximumInteger = 2_147_483_647;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// Control characters would collide with the separators of the wire format, and nobody could read them.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const controlCharacters = /[\u0000-\u001f\u007f]/;

function isName(text: string): boolean {
  return text.length > 0 && text.length <= 500 && !controlCharacters.test(text) && text.isWellFormed();
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
