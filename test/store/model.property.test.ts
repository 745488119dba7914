import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newEventId } from '../../src/events/event-id.ts';
import type { RecordedEvent } from '../../src/events/envelope.ts';
import type { AppendCondition, AppendOutcome, AppendRequest, EventLog } from '../../src/store/store.ts';
import { aKey, anEvent, createTestLog, flawsOf, type TestLog } from '../support/test-log.ts';

const names = ['a', 'b', 'c'];

/** A request before it is sent: versions and positions count back from what the wave starts with. */
const plan = fc.record({
  log: fc.nat(1),
  events: fc.array(
    fc.record({ stream: fc.constantFrom(...names), tags: fc.subarray(names), type: fc.constantFrom('Made', 'Sold') }),
    {
      maxLength: 3,
    },
  ),
  expect: fc.array(fc.record({ stream: fc.constantFrom(...names), behind: fc.constantFrom(0, 0, 0, 1) }), {
    maxLength: 2,
  }),
  conditions: fc.array(
    fc.record({
      tags: fc.subarray(names, { minLength: 1 }),
      types: fc.option(fc.constant(['Sold']), { nil: undefined }),
      behind: fc.constantFrom(0, 0, 1, 5),
    }),
    { maxLength: 2 },
  ),
  key: fc.option(fc.nat(3), { nil: undefined }),
});

let shop: TestLog;
let logs: EventLog[];
let runs = 0;
beforeAll(async () => {
  shop = await createTestLog();
  logs = [shop.log, shop.open()];
});
afterAll(async () => {
  await shop.drop();
});

test('whatever is sent at the same time, the outcomes are those of some serial order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(plan, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 }),
      async (waves) => {
        const run = `run-${++runs}`;
        const keys = Array.from({ length: 4 }, () => aKey());
        const start = (await shop.log.head()).position;
        const history: { request: AppendRequest; outcome: AppendOutcome; wave: number }[] = [];
        for (const [wave, plans] of waves.entries()) {
          const before = await shop.log.read({ after: start, limit: 10_000 });
          const head = start + before.length;
          const sent = plans.map(async (one) => {
            const request = asRequest(one, run, keys, before, head);
            if (request.events.length === 0 && request.keys?.length === 0) return;
            history.push({ request, outcome: await (logs[one.log] ?? shop.log).append(request), wave });
          });
          await Promise.all(sent);
        }
        const events = await shop.log.read({ after: start, limit: 10_000 });
        expect(explain(history, events, start)).toEqual([]);
        expect(flawsOf(await shop.log.read({ limit: 100_000 }))).toEqual([]);
      },
    ),
    { numRuns: 40, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
  );
});

function asRequest(
  one: typeof plan extends fc.Arbitrary<infer Value> ? Value : never,
  run: string,
  keys: readonly ReturnType<typeof aKey>[],
  before: readonly RecordedEvent[],
  head: number,
): AppendRequest {
  const events = one.events.map((event) =>
    anEvent({
      id: newEventId(),
      stream: `${run}-${event.stream}`,
      type: event.type,
      tags: event.tags.map((tag) => `${run}:${tag}`),
    }),
  );
  const key = one.key === undefined ? undefined : keys[one.key];
  const streams = new Set<string>();
  const expected = one.expect.flatMap(({ stream: name, behind }) => {
    const stream = `${run}-${name}`;
    if (streams.has(stream)) return [];
    streams.add(stream);
    const version = before.filter((event) => event.stream === stream).length;
    return [{ stream, version: Math.max(0, version - behind) }];
  });
  const conditions = one.conditions.map(({ tags, types, behind }): AppendCondition => ({
    tags: tags.map((tag) => `${run}:${tag}`),
    after: Math.max(0, head - behind),
    ...(types === undefined ? {} : { types }),
  }));
  return {
    events,
    expect: expected,
    conditions,
    keys: key === undefined ? [] : [{ ...key, answer: `"${newEventId()}"`, eventCount: events.length }],
  };
}

/**
 * What no serial order explains, in words. A stored request must hold at its place in the log; a refused one must be
 * wrong at some place between the start of its wave and the end of it.
 */
function explain(
  history: readonly { readonly request: AppendRequest; readonly outcome: AppendOutcome; readonly wave: number }[],
  events: readonly RecordedEvent[],
  start: number,
): string[] {
  const flaws: string[] = [];
  const at = (position: number) => events.slice(0, position - start);
  const ends = new Map<number, number>();
  let end = start;
  for (const { outcome, wave } of history) {
    if (outcome.outcome === 'stored') end = Math.max(end, outcome.events.at(-1)?.position ?? 0);
    ends.set(wave, end);
  }
  const stored = history.filter(({ outcome }) => outcome.outcome === 'stored');
  let count = 0;
  for (const { request, outcome, wave } of history) {
    if (outcome.outcome === 'stored') {
      count += request.events.length;
      const place = outcome.events.length === 0 ? outcome.firstPosition : outcome.firstPosition - 1;
      if (!holds(request, at(place)))
        flaws.push(`stored although it does not hold after ${place}: ${JSON.stringify(request)}`);
      const own = events.slice(place - start, place - start + request.events.length);
      if (JSON.stringify(own) !== JSON.stringify(outcome.events))
        flaws.push(`not stored as told: ${JSON.stringify(outcome)}`);
      for (const key of request.keys ?? []) {
        const users = stored.filter((other) => other.request.keys?.some((one) => one.key === key.key));
        if (users.length !== 1) flaws.push(`key ${key.key} was used ${users.length} times`);
      }
    } else if (outcome.outcome === 'key-exists') {
      const user = stored.find((other) => other.request.keys?.[0]?.key === request.keys?.[0]?.key);
      if (user?.request.keys?.[0]?.answer !== outcome.stored[0]?.answer)
        flaws.push('the answer of a key is another one');
    } else {
      const last = ends.get(wave) ?? end;
      if (holds(request, at(last))) flaws.push(`refused although it holds after ${last}: ${JSON.stringify(request)}`);
    }
  }
  if (count !== events.length) flaws.push(`${count} events were told, ${events.length} are stored`);
  return flaws;
}

/** Versions and tags only grow: a request that holds at the end of a wave held all the time before. */
function holds(request: AppendRequest, events: readonly RecordedEvent[]): boolean {
  const versions = (request.expect ?? []).every(
    ({ stream, version }) => events.filter((event) => event.stream === stream).length === version,
  );
  const conditions = (request.conditions ?? []).every(
    ({ tags, types, after }) =>
      !events.some(
        (event) =>
          event.position > after &&
          tags.every((tag) => event.tags.includes(tag)) &&
          (types === undefined || types.includes(event.type)),
      ),
  );
  return versions && conditions;
}
