import type { AppendCondition, AppendRequest, EventToAppend } from '../store.ts';
import {
  int4Array,
  int8Array,
  jsonArray,
  textArray,
  timestampArray,
  uuidArray,
  type TakeMemory,
} from './binary-arrays.ts';

/** Joins tags and types on their way into the function; refused inside them. */
const separator = '\u001f';

/** How a stream stands in a batch: `planned` events have their versions from expectations, `open` ones from the log. */
type StreamUse = 'planned' | 'open';

/**
 * Gathers requests for one call of `millrace_append`. A request that could exclude, or be excluded by, one that is
 * already in the batch does not fit ({@link fits}) and waits for the next batch, where the log itself answers: so the
 * function never has to compare the requests of a batch with each other.
 */
export class AppendBatch {
  readonly requests: AppendRequest[] = [];
  readonly #streams = new Map<string, StreamUse>();
  readonly #keys = new Set<string>();
  readonly #ids = new Set<string>();
  readonly #eventsByTag = new Map<string, EventToAppend[]>();
  #events = 0;
  #bytes = 0;

  get eventCount(): number {
    return this.#events;
  }

  /** Characters of payload and metadata, as a measure of size. */
  get bytes(): number {
    return this.#bytes;
  }

  fits(request: AppendRequest): boolean {
    const expected = request.expect ?? [];
    for (const { stream } of expected) if (this.#streams.has(stream)) return false;
    for (const event of request.events) {
      // Several requests that leave the version to the log may share a stream: it counts on through all of them.
      if (this.#streams.get(event.stream) === 'planned') return false;
      if (this.#ids.has(event.id)) return false;
    }
    for (const key of request.keys ?? []) if (this.#keys.has(key.key)) return false;
    for (const condition of request.conditions ?? []) if (this.#isExcluded(condition)) return false;
    return true;
  }

  #isExcluded(condition: AppendCondition): boolean {
    const [first, ...more] = condition.tags;
    if (first === undefined) return false;
    return (this.#eventsByTag.get(first) ?? []).some(
      (event) =>
        (condition.types === undefined || condition.types.includes(event.type)) &&
        more.every((tag) => event.tags.includes(tag)),
    );
  }

  add(request: AppendRequest): void {
    this.requests.push(request);
    for (const event of request.events) {
      this.#events++;
      this.#bytes += event.payload.length + event.metadata.length;
      this.#ids.add(event.id);
      if (!this.#streams.has(event.stream)) this.#streams.set(event.stream, 'open');
      for (const tag of event.tags) {
        const events = this.#eventsByTag.get(tag);
        if (events === undefined) this.#eventsByTag.set(tag, [event]);
        else events.push(event);
      }
    }
    for (const { stream } of request.expect ?? []) {
      if (this.#streams.has(stream)) this.#streams.set(stream, 'planned');
    }
    for (const key of request.keys ?? []) this.#keys.add(key.key);
  }

  /** What waits because it does not fit keeps its place among the requests for its streams and keys. */
  reserve(request: AppendRequest): void {
    for (const event of request.events) {
      this.#streams.set(event.stream, 'planned');
      this.#ids.add(event.id);
    }
    for (const key of request.keys ?? []) this.#keys.add(key.key);
  }

  /** The arguments of `millrace_append`, in its order. */
  parameters(take: TakeMemory): Buffer[] {
    return appendParameters(this.requests, take);
  }
}

/** The versions that a request's events get: counted up from the expected ones, 0 where the log decides. */
export function plannedVersions(request: AppendRequest): number[] {
  const next = new Map((request.expect ?? []).map((expected) => [expected.stream, expected.version]));
  return request.events.map((event) => {
    const before = next.get(event.stream);
    if (before === undefined) return 0;
    next.set(event.stream, before + 1);
    return before + 1;
  });
}

/** The arguments of `millrace_append` for some requests, in its order. */
export function appendParameters(requests: readonly AppendRequest[], take?: TakeMemory): Buffer[] {
  const e = { group: num(), id: str(), stream: str(), version: num(), type: str(), schema: num() };
  const body = { payload: str(), metadata: str(), tags: opt(), occurred: num() };
  const t = { event: num(), tag: str() };
  const v = { group: num(), stream: str(), expected: num() };
  const c = { group: num(), tag: str(), more: opt(), types: opt(), after: num() };
  const k = { group: num(), key: str(), hash: str(), answer: str(), first: num(), count: num() };
  requests.forEach((request, index) => {
    const group = index + 1;
    const eventsBefore = e.group.length;
    for (const expected of request.expect ?? []) {
      v.group.push(group);
      v.stream.push(expected.stream);
      v.expected.push(expected.version);
    }
    for (const condition of request.conditions ?? []) {
      const [first = '', ...more] = condition.tags;
      c.group.push(group);
      c.tag.push(first);
      c.more.push(more.length === 0 ? undefined : more.join(separator));
      c.types.push(condition.types?.join(separator));
      c.after.push(condition.after);
    }
    for (const key of request.keys ?? []) {
      k.group.push(group);
      k.key.push(key.key);
      k.hash.push(key.requestHash);
      k.answer.push(key.answer);
      k.first.push(key.eventCount === 0 ? 0 : eventsBefore + key.firstEvent + 1);
      k.count.push(key.eventCount);
    }
    e.version.push(...plannedVersions(request));
    for (const event of request.events) {
      e.group.push(group);
      e.id.push(event.id);
      e.stream.push(event.stream);
      e.type.push(event.type);
      e.schema.push(event.schemaVersion);
      body.payload.push(event.payload);
      body.metadata.push(event.metadata);
      body.tags.push(event.tags.length === 0 ? undefined : event.tags.join(separator));
      body.occurred.push(event.occurredAt);
      for (const tag of event.tags) {
        t.event.push(e.group.length);
        t.tag.push(tag);
      }
    }
  });
  return [
    int4Array(e.group, take),
    uuidArray(e.id, take),
    textArray(e.stream, take),
    int8Array(e.version, take),
    textArray(e.type, take),
    int4Array(e.schema, take),
    jsonArray(body.payload, take),
    jsonArray(body.metadata, take),
    textArray(body.tags, take),
    timestampArray(body.occurred, take),
    int4Array(t.event, take),
    textArray(t.tag, take),
    int4Array(v.group, take),
    textArray(v.stream, take),
    int8Array(v.expected, take),
    int4Array(c.group, take),
    textArray(c.tag, take),
    textArray(c.more, take),
    textArray(c.types, take),
    int8Array(c.after, take),
    int4Array(k.group, take),
    uuidArray(k.key, take),
    uuidArray(k.hash, take),
    jsonArray(k.answer, take),
    int4Array(k.first, take),
    int4Array(k.count, take),
  ];
}

const num = (): number[] => [];
const str = (): string[] => [];
const opt = (): (string | undefined)[] => [];
