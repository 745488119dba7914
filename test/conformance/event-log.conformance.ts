import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newEventId } from '../../src/events/event-id.ts';
import type { RecordedEvent } from '../../src/events/envelope.ts';
import type { AppendOutcome, AppendRequest, EventLog } from '../../src/store/store.ts';
import { aKey, anEvent, flawsOf, readAll, storedOf } from '../support/test-log.ts';
import { eventLogInputConformance } from './event-log-input.conformance.ts';

/** A log for the suite, empty at the start, and the way to throw it away. */
export interface LogUnderTest {
  readonly log: EventLog;
  drop(): Promise<void>;
}

/**
 * What every store behind the port keeps (src/store/store.ts). All tests share one log: each uses names of its own, and
 * the last one looks at the whole.
 */
export function eventLogConformance(name: string, makeLog: () => Promise<LogUnderTest>): void {
  describe(`${name} keeps the promises of an event log`, () => {
    let under: LogUnderTest;
    let log: EventLog;
    let unique = 0;
    let stream = '';
    let tag = '';

    beforeAll(async () => {
      under = await makeLog();
      log = under.log;
    });
    beforeEach(() => {
      unique++;
      stream = `cart-${unique}`;
      tag = `item:${unique}`;
    });
    afterAll(async () => {
      await under.drop();
    });

    const fill = async (count: number, event: Parameters<typeof anEvent>[0] = {}): Promise<RecordedEvent[]> => {
      const events = Array.from({ length: count }, () => anEvent({ stream, ...event }));
      return [...storedOf(await log.append({ events }))];
    };
    const positionNow = async (): Promise<number> => (await log.head()).position;
    const outcomeOf = async (request: AppendRequest): Promise<string> => {
      const outcome = await log.append(request);
      return outcome.outcome === 'conflict' ? `conflict: ${outcome.reason}` : outcome.outcome;
    };

    describe('positions', () => {
      test('an empty log has its head at 0', async () => {
        expect(await log.head()).toMatchObject({ position: 0, eventId: undefined });
        expect(await log.read()).toEqual([]);
      });

      test('events of a request follow each other, and requests that race leave no gap', async () => {
        const before = await positionNow();
        const outcomes = await Promise.all(
          Array.from({ length: 200 }, (_, n) =>
            log.append({
              events: Array.from({ length: (n % 3) + 1 }, () => anEvent({ stream: `${stream}-${n % 7}` })),
            }),
          ),
        );
        const positions = outcomes.map((outcome) => storedOf(outcome).map((event) => event.position));
        for (const own of positions) expect(own).toEqual(own.map((_, at) => (own[0] ?? 0) + at));
        const all = positions.flat().sort((a, b) => a - b);
        expect(all).toEqual(all.map((_, at) => before + 1 + at));
        expect(await positionNow()).toBe(before + all.length);
      });

      test('the first position and the head say where the events are', async () => {
        const outcome = await log.append({ events: [anEvent({ stream }), anEvent({ stream })] });
        const head = await log.head();
        expect(outcome).toMatchObject({ firstPosition: head.position - 1 });
        expect(storedOf(outcome)[1]).toMatchObject({ id: head.eventId, position: head.position, version: 2 });
      });

      test('two requests for a stream that were sent one after the other are stored in that order', async () => {
        const sent = Array.from({ length: 100 }, () => anEvent({ stream }));
        await Promise.all(sent.map((event) => log.append({ events: [event] })));
        expect((await log.query([{ stream }])).map((event) => event.id)).toEqual(sent.map((event) => event.id));
      });
    });

    describe('expected versions', () => {
      test('a stream that must be new is taken once', async () => {
        const request = () => ({ events: [anEvent({ stream })], expect: [{ stream, version: 0 }] });
        expect(await outcomeOf(request())).toBe('stored');
        expect(await outcomeOf(request())).toBe('conflict: version');
      });

      test.each([
        ['older', 2, 'conflict: version'],
        ['right', 3, 'stored'],
        ['newer', 4, 'conflict: version'],
      ])('an expected version that is %s than the stream: %s', async (_what, version, wanted) => {
        await fill(3);
        expect(await outcomeOf({ events: [anEvent({ stream })], expect: [{ stream, version }] })).toBe(wanted);
        expect(await log.query([{ stream }])).toHaveLength(wanted === 'stored' ? 4 : 3);
      });

      test('without an expectation the stream counts on', async () => {
        await fill(2);
        expect((await fill(2)).map((event) => event.version)).toEqual([3, 4]);
      });

      test('a request spans streams, and is refused whole when one of them moved', async () => {
        await fill(1);
        const other = `${stream}-other`;
        const request = (version: number): AppendRequest => ({
          events: [anEvent({ stream: other }), anEvent({ stream }), anEvent({ stream: other })],
          expect: [
            { stream, version },
            { stream: other, version: 0 },
          ],
        });
        expect(await outcomeOf(request(2))).toBe('conflict: version');
        expect(await log.query([{ stream: other }])).toEqual([]);
        const events = storedOf(await log.append(request(1)));
        expect(events.map((event) => [event.stream, event.version])).toEqual([
          [other, 1],
          [stream, 2],
          [other, 2],
        ]);
      });

      test('an expectation without an event of that stream holds too', async () => {
        await fill(1);
        const other = `${stream}-other`;
        expect(await outcomeOf({ events: [anEvent({ stream: other })], expect: [{ stream, version: 0 }] })).toBe(
          'conflict: version',
        );
        expect(await outcomeOf({ events: [anEvent({ stream: other })], expect: [{ stream, version: 1 }] })).toBe(
          'stored',
        );
      });

      test('versions that the log counts have no hole where a neighbour in the batch was refused', async () => {
        await fill(1);
        const refused = { events: [anEvent({ stream })], conditions: [{ tags: [tag], after: 0 }] };
        await fill(1, { tags: [tag] });
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            log.append(n % 2 === 0 ? { events: [anEvent({ stream })] } : { ...refused, events: [anEvent({ stream })] }),
          ),
        );
        expect(outcomes.filter((outcome) => outcome.outcome === 'stored')).toHaveLength(10);
        expect((await log.query([{ stream }])).map((event) => event.version)).toEqual(
          Array.from({ length: 12 }, (_, n) => n + 1),
        );
        const told = outcomes.flatMap((outcome) => (outcome.outcome === 'stored' ? outcome.events : []));
        for (const event of told) expect(await log.event(event.id)).toMatchObject({ version: event.version });
      });
    });

    describe('conditions', () => {
      const booked = (event: Parameters<typeof anEvent>[0] = {}) =>
        anEvent({ stream: `${stream}-${newEventId()}`, tags: [tag], ...event });

      test('a tag is taken once', async () => {
        const request = () => ({ events: [booked()], conditions: [{ tags: [tag], after: 0 }] });
        expect(await outcomeOf(request())).toBe('stored');
        expect(await outcomeOf(request())).toBe('conflict: condition');
      });

      test('only what came after the position counts', async () => {
        await log.append({ events: [booked()] });
        const after = await positionNow();
        expect(await outcomeOf({ events: [booked()], conditions: [{ tags: [tag], after }] })).toBe('stored');
        expect(await outcomeOf({ events: [booked()], conditions: [{ tags: [tag], after }] })).toBe(
          'conflict: condition',
        );
      });

      test('only the named types count', async () => {
        await log.append({ events: [booked({ type: 'ItemRemoved' })] });
        const ask = (types?: readonly string[]) =>
          outcomeOf({
            events: [anEvent({ stream })],
            conditions: [{ tags: [tag], after: 0, ...(types === undefined ? {} : { types }) }],
          });
        expect(await ask(['ItemAdded'])).toBe('stored');
        expect(await ask(['ItemAdded', 'ItemRemoved'])).toBe('conflict: condition');
        expect(await ask()).toBe('conflict: condition');
      });

      test('several tags count where one event has all of them', async () => {
        const [first, second, third] = [`${tag}-a`, `${tag}-b`, `${tag}-c`];
        await log.append({ events: [booked({ tags: [first, second] }), booked({ tags: [third] })] });
        const ask = (...tags: string[]) =>
          outcomeOf({ events: [anEvent({ stream })], conditions: [{ tags, after: 0 }] });
        expect(await ask(first, third)).toBe('stored');
        expect(await ask(first, second, third)).toBe('stored');
        expect(await ask(second, first)).toBe('conflict: condition');
        expect(await ask(third)).toBe('conflict: condition');
      });

      test('one of several conditions is enough to refuse', async () => {
        await log.append({ events: [booked()] });
        const conditions = [
          { tags: [`${tag}-free`], after: 0 },
          { tags: [tag], after: 0 },
        ];
        expect(await outcomeOf({ events: [anEvent({ stream })], conditions })).toBe('conflict: condition');
      });

      test('a position beyond the head is refused, and nobody else suffers', async () => {
        const beyond = (await positionNow()) + 1_000_000;
        const outcomes = await Promise.allSettled([
          log.append({ events: [anEvent({ stream })] }),
          log.append({ events: [booked()], conditions: [{ tags: [tag], after: beyond }] }),
          log.append({ events: [anEvent({ stream })] }),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(outcomes[1]).toMatchObject({ reason: { code: 'APPEND_INVALID' } });
      });

      test('requests that exclude each other in one turn: one of them is stored', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, () => outcomeOf({ events: [booked()], conditions: [{ tags: [tag], after: 0 }] })),
        );
        expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
      });
    });

    describe('chains', () => {
      test('a chain is stored whole: its own events do not exclude each other', async () => {
        const events = Array.from({ length: 5 }, () => anEvent({ stream, tags: [tag] }));
        const outcome = await log.append({
          events,
          expect: [{ stream, version: 0 }],
          conditions: [{ tags: [tag], after: 0 }],
        });
        expect(storedOf(outcome).map((event) => event.version)).toEqual([1, 2, 3, 4, 5]);
      });

      test('a chain that is refused leaves nothing: no event, no tag, no key', async () => {
        await fill(1);
        const key = aKey({ eventCount: 1 });
        const events = [anEvent({ stream, tags: [tag] }), anEvent({ stream, tags: [tag] })];
        expect(await outcomeOf({ events, expect: [{ stream, version: 0 }], keys: [key] })).toBe('conflict: version');
        expect(await log.query([{ tags: [tag] }])).toEqual([]);
        expect(await outcomeOf({ events: [anEvent({ stream })], keys: [key] })).toBe('stored');
      });
    });

    describe('command keys', () => {
      test('a key that was used answers what it stored', async () => {
        const first = aKey({ answer: '{"n":1}', firstEvent: 1, eventCount: 2 });
        const second = aKey({ answer: '{"n":2}' });
        const events = [anEvent({ stream }), anEvent({ stream }), anEvent({ stream })];
        const position = storedOf(await log.append({ events, keys: [first, second] }))[1]?.position;
        expect(
          await log.append({
            events: [anEvent({ stream })],
            keys: [{ ...first, answer: '{"n":3}', firstEvent: 0, eventCount: 1 }],
          }),
        ).toEqual({
          outcome: 'key-exists',
          stored: [{ key: first.key, requestHash: first.requestHash, answer: '{"n":1}', position, eventCount: 2 }],
        });
        expect(await log.append({ events: [], keys: [second] })).toMatchObject({
          outcome: 'key-exists',
          stored: [{ answer: '{"n":2}', eventCount: 0 }],
        });
        expect(await log.query([{ stream }])).toHaveLength(3);
      });

      test('a key without an event keeps the head of its time', async () => {
        await fill(1);
        const head = await positionNow();
        const key = aKey();
        expect(await log.append({ events: [], keys: [key] })).toEqual({
          outcome: 'stored',
          firstPosition: head,
          events: [],
        });
        await fill(1);
        expect(await log.append({ events: [], keys: [key] })).toMatchObject({ stored: [{ position: head }] });
      });

      test('of several keys, those that were used are answered', async () => {
        const [used, fresh] = [aKey(), aKey()];
        await log.append({ events: [], keys: [used] });
        const outcome = await log.append({ events: [anEvent({ stream })], keys: [fresh, used] });
        expect(outcome).toMatchObject({ outcome: 'key-exists', stored: [{ key: used.key }] });
        expect(outcome.outcome === 'key-exists' && outcome.stored.length).toBe(1);
      });

      test('the same key many times in one turn stores once, and all others get its answer', async () => {
        const key = aKey({ eventCount: 1 });
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            log.append({ events: [anEvent({ stream })], keys: [{ ...key, answer: `{"n":${n}}` }] }),
          ),
        );
        const stored = outcomes.filter((outcome) => outcome.outcome === 'stored');
        expect(stored).toHaveLength(1);
        const answer = `{"n":${outcomes.findIndex((outcome) => outcome.outcome === 'stored')}}`;
        const others = outcomes.filter((outcome) => outcome.outcome === 'key-exists');
        expect(others).toHaveLength(19);
        for (const other of others) expect(other).toMatchObject({ stored: [{ answer }] });
        expect(await log.query([{ stream }])).toHaveLength(1);
      });
    });

    describe('the same event again', () => {
      const variants: [string, (request: AppendRequest) => AppendRequest][] = [
        ['as it is', (request) => request],
        ['with an expected version', (request) => ({ ...request, expect: [{ stream, version: 0 }] })],
        ['with a condition', (request) => ({ ...request, conditions: [{ tags: [tag], after: 0 }] })],
      ];
      test.each(variants)('is stored once and answered as stored, %s', async (_what, vary) => {
        const request = vary({ events: [anEvent({ stream, tags: [tag] }), anEvent({ stream })] });
        const first = await log.append(request);
        await fill(1);
        expect(await log.append(request)).toEqual(first);
        expect(await log.query([{ stream }])).toHaveLength(3);
      });

      test.each(variants)('in one turn is stored once, %s', async (_what, vary) => {
        const request = vary({ events: [anEvent({ stream, tags: [tag] })] });
        const outcomes = await Promise.all([log.append(request), log.append(request), log.append(request)]);
        for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
        expect(await log.query([{ stream }])).toHaveLength(1);
      });

      test('under an id that another event has is refused, and its neighbours are stored', async () => {
        const [taken] = await fill(1);
        const id = taken?.id ?? '';
        const outcomes = await Promise.allSettled([
          log.append({ events: [anEvent({ stream })] }),
          log.append({ events: [anEvent({ stream: `${stream}-x`, id })] }),
          log.append({ events: [anEvent({ stream: `${stream}-y` }), anEvent({ stream: `${stream}-y`, id })] }),
          log.append({ events: [anEvent({ stream })] }),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
        expect(await log.query([{ stream: `${stream}-y` }])).toEqual([]);
      });
    });

    describe('deciding again under the lock', () => {
      test('a request that lost decides on what is there now, and is stored in the same turn', async () => {
        await fill(3);
        const outcome = await log.append({
          events: [anEvent({ stream })],
          expect: [{ stream, version: 1 }],
          revise: async (read) => {
            const events = await read([{ stream, afterVersion: 1 }], 0);
            return {
              events: [anEvent({ stream, payload: '{"revised":true}' })],
              expect: [{ stream, version: 1 + events.length }],
            };
          },
        });
        expect(storedOf(outcome)).toMatchObject([{ version: 4, payload: '{"revised":true}' }]);
      });

      test('whoever gives up gets the conflict, whoever throws gets its own error, and the others are stored', async () => {
        await fill(1);
        const losing = (revise: AppendRequest['revise']): Promise<AppendOutcome> =>
          log.append({
            events: [anEvent({ stream })],
            expect: [{ stream, version: 0 }],
            ...(revise === undefined ? {} : { revise }),
          });
        const outcomes = await Promise.allSettled([
          losing(() => Promise.resolve(undefined)),
          losing(() => Promise.reject(new Error('the decision failed'))),
          log.append({ events: [anEvent({ stream: `${stream}-other` })] }),
        ]);
        expect(outcomes).toMatchObject([
          { value: { outcome: 'conflict' } },
          { reason: { message: 'the decision failed' } },
          { value: { outcome: 'stored' } },
        ]);
      });

      test('several that lost on the same stream are all stored, each after it has seen the others', async () => {
        await fill(1);
        const losers = Array.from({ length: 12 }, () => {
          const id = newEventId();
          return log.append({
            events: [anEvent({ stream, id })],
            expect: [{ stream, version: 0 }],
            revise: async function again(read) {
              const seen = await read([{ stream }], 0);
              return { events: [anEvent({ stream, id })], expect: [{ stream, version: seen.length }], revise: again };
            },
          });
        });
        for (const outcome of await Promise.all(losers)) expect(outcome.outcome).toBe('stored');
        expect(await log.query([{ stream }])).toHaveLength(13);
      });
    });

    eventLogInputConformance(() => log);

    test('at the end the whole log is gapless, in order, and every event stands once', async () => {
      const events = await readAll(log, 100);
      expect(events.length).toBeGreaterThan(300);
      expect(flawsOf(events)).toEqual([]);
      expect(await log.head()).toMatchObject({ position: events.length, eventId: events.at(-1)?.id });
    });
  });
}
