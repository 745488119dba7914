import { describe, expect, test } from 'vitest';
import type { RecordedEvent } from '../../src/events/envelope.ts';
import type { AppendRequest, EventLog, EventQuery } from '../../src/store/store.ts';
import { aKey, anEvent, storedOf } from '../support/test-log.ts';

/** The part of the conformance suite about values, reading, snapshots and listeners. */
export function eventLogInputConformance(theLog: () => EventLog): void {
  describe('values', () => {
    const texts: [string, string][] = [
      ['integers beyond 2^53', '{"n":9007199254740993}'],
      ['key order, spaces and doubled keys', '{ "b": 1,\n "a" : 2, "b": 3 }'],
      ['a fraction with zeros at its end', '{"n":1.10}'],
      ['letters beyond the first plane', '{"text":"𝒳 🜁 é \u2028"}'],
      ['lone surrogates as JSON writes them', JSON.stringify({ text: '\ud800 and \udfff' })],
      ['256 KiB', JSON.stringify({ text: 'x'.repeat(256 * 1024 - 11) })],
    ];
    test.each(texts)('JSON text comes back as it was written: %s', async (_what, payload) => {
      const event = anEvent({ stream: 'values', payload, metadata: payload });
      await theLog().append({ events: [event] });
      expect(await theLog().event(event.id)).toMatchObject({ payload, metadata: payload });
    });

    test.each([
      0,
      -1,
      Date.UTC(1969, 6, 20) + 0.001,
      1_796_000_000_000.001,
      1_796_000_000_000.999,
      1_796_000_000_123.457,
      253_402_300_799_999,
    ])('a time comes back to the microsecond: %d', async (occurredAt) => {
      const event = anEvent({ stream: 'values', occurredAt });
      await theLog().append({ events: [event] });
      expect((await theLog().event(event.id))?.occurredAt).toBe(occurredAt);
    });

    test('names and tags come back as they were, and what append returns is what reading returns', async () => {
      const tags = ["it's:{a,b}", 'quote:"x"', 'back\\slash', 'null', '👩‍👩‍👧', ' space ', ',', '%_'];
      const events = [
        anEvent({ stream: 'values "{},\\ 🜁', tags, type: 'ÄnderungErfasst', schemaVersion: 2_147_483_647 }),
        anEvent({ stream: 'NULL', tags: [] }),
      ];
      const stored = storedOf(await theLog().append({ events }));
      const first = stored[0]?.position ?? 0;
      expect(await theLog().read({ after: first - 1, limit: 2 })).toEqual(stored);
      expect(stored[0]).toMatchObject({ tags, type: 'ÄnderungErfasst', schemaVersion: 2_147_483_647 });
      for (const tag of tags)
        expect((await theLog().query([{ tags: [tag] }])).map((event) => event.id)).toEqual([events[0]?.id]);
    });
  });

  describe('input that can never hold is refused', () => {
    const event = anEvent({ stream: 'refused' });
    const bad: [string, AppendRequest][] = [
      ['nothing to store', { events: [] }],
      ['an empty stream name', { events: [{ ...event, stream: '' }] }],
      ['a stream name with a control character', { events: [{ ...event, stream: 'a\u001fb' }] }],
      ['a stream name with NUL', { events: [{ ...event, stream: 'a\u0000b' }] }],
      ['a stream name with a lone surrogate', { events: [{ ...event, stream: 'a\ud800' }] }],
      ['a stream name that is too long', { events: [{ ...event, stream: 'x'.repeat(501) }] }],
      ['an empty type', { events: [{ ...event, type: '' }] }],
      ['a type with a control character', { events: [{ ...event, type: 'Item\u001fAdded' }] }],
      ['an empty tag', { events: [{ ...event, tags: ['a', ''] }] }],
      ['a tag with a control character', { events: [{ ...event, tags: ['a\nb'] }] }],
      ['a tag with a lone surrogate', { events: [{ ...event, tags: ['\udc00'] }] }],
      ['the same tag twice', { events: [{ ...event, tags: ['a', 'b', 'a'] }] }],
      ['the same id twice', { events: [event, event] }],
      ['an id that is no uuid', { events: [{ ...event, id: '4711' }] }],
      ['an id in capital letters', { events: [{ ...event, id: event.id.toUpperCase().replace('0', 'A') }] }],
      ['a schema version that is no whole number', { events: [{ ...event, schemaVersion: 1.5 }] }],
      ['a schema version beyond an integer', { events: [{ ...event, schemaVersion: 2 ** 31 }] }],
      ['a time that is no number', { events: [{ ...event, occurredAt: Number.NaN }] }],
      ['a time that never ends', { events: [{ ...event, occurredAt: Infinity }] }],
      ['a payload that is no JSON', { events: [{ ...event, payload: '{"a":' }] }],
      ['metadata that is no JSON', { events: [{ ...event, metadata: 'x' }] }],
      ['a payload with a raw NUL', { events: [{ ...event, payload: '{"a":"\u0000"}' }] }],
      ['a payload with a raw lone surrogate', { events: [{ ...event, payload: '{"a":"\ud800"}' }] }],
      ['an expected version below 0', { events: [event], expect: [{ stream: 'refused', version: -1 }] }],
      [
        'an expected version that is no number',
        { events: [event], expect: [{ stream: 'refused', version: Number.NaN }] },
      ],
      [
        'two expectations for a stream',
        {
          events: [event],
          expect: [
            { stream: 'a', version: 0 },
            { stream: 'a', version: 1 },
          ],
        },
      ],
      ['a condition without a tag', { events: [event], conditions: [{ tags: [], after: 0 }] }],
      ['a condition with an empty tag', { events: [event], conditions: [{ tags: [''], after: 0 }] }],
      ['a condition with a control character', { events: [event], conditions: [{ tags: ['a\u001fb'], after: 0 }] }],
      [
        'a condition with an empty list of types',
        { events: [event], conditions: [{ tags: ['a'], types: [], after: 0 }] },
      ],
      ['a condition after a fraction', { events: [event], conditions: [{ tags: ['a'], after: 0.5 }] }],
      ['a key that is no uuid', { events: [event], keys: [aKey({ key: 'key' })] }],
      [
        'a key that counts events which are not there',
        { events: [event], keys: [aKey({ firstEvent: 1, eventCount: 1 })] },
      ],
      ['an answer that is no JSON', { events: [event], keys: [aKey({ answer: '{' })] }],
    ];
    test.each(bad)('%s', async (_what, request) => {
      const before = await theLog().head();
      const [refused, neighbour] = await Promise.allSettled([
        theLog().append(request),
        theLog().append({ events: [anEvent({ stream: 'refused-neighbour' })] }),
      ]);
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'APPEND_INVALID' } });
      expect(neighbour.status).toBe('fulfilled');
      expect((await theLog().head()).position).toBe(before.position + 1);
    });

    const badQueries: [string, EventQuery][] = [
      ['an empty stream name', { stream: '' }],
      ['a stream name with NUL', { stream: 'a\u0000b' }],
      ['no tag', { tags: [] }],
      ['a tag with a control character', { tags: ['a\u001fb'] }],
      ['an empty list of types', { tags: ['a'], types: [] }],
    ];
    test.each(badQueries)('a query with %s', async (_what, query) => {
      await expect(theLog().query([query])).rejects.toMatchObject({ code: 'QUERY_INVALID' });
    });

    test.each([{ after: -1 }, { limit: Number.NaN }, { upTo: 0.5 }])('a range of %o', async (range) => {
      await expect(theLog().read(range)).rejects.toMatchObject({ code: 'QUERY_INVALID' });
    });

    test('an id that is no uuid has no event', async () => {
      expect(await theLog().event('nothing')).toBeUndefined();
      expect(await theLog().event('01890000-0000-7000-8000-000000000000')).toBeUndefined();
    });
  });

  describe('reading', () => {
    const positions = (events: readonly RecordedEvent[]) => events.map((event) => event.position);

    test('pages are in order, bounded on both sides, and 1,000 events by default', async () => {
      const log = theLog();
      const stored = storedOf(
        await log.append({
          events: Array.from({ length: 1_100 }, () => anEvent({ stream: 'pages', tags: ['pages'] })),
        }),
      );
      const first = (stored[0]?.position ?? 0) - 1;
      expect(await log.read({ after: first, limit: 2 })).toEqual(stored.slice(0, 2));
      expect(await log.read({ after: first + 1_000 })).toEqual(stored.slice(1_000));
      expect(await log.read({ after: first, upTo: first + 3 })).toEqual(stored.slice(0, 3));
      expect(await log.read({ after: first })).toHaveLength(1_000);
      expect(await log.read({ limit: 0 })).toEqual([]);
      expect(await log.read({ after: first + 10_000 })).toEqual([]);
      for (const query of [{ stream: 'pages' }, { tags: ['pages'] }] satisfies EventQuery[]) {
        expect(await log.query([query])).toEqual(stored.slice(0, 1_000));
        expect(positions(await log.query([query], { after: first + 1_000 }))).toEqual(positions(stored.slice(1_000)));
        expect(await log.query([query], { after: first + 1, upTo: first + 3 })).toEqual(stored.slice(1, 3));
      }
      expect(await log.query([{ stream: 'pages', afterVersion: 1_098 }])).toEqual(stored.slice(1_098));
    });

    test('several queries answer in the order of positions, every event once, and a page is full while there is more', async () => {
      const log = theLog();
      const events = Array.from({ length: 60 }, (_, n) =>
        anEvent({
          stream: n % 2 === 0 ? 'either' : 'or',
          tags: n % 3 === 0 ? ['both'] : [],
          type: n % 4 === 0 ? 'Seen' : 'Heard',
        }),
      );
      const stored = storedOf(await log.append({ events }));
      const queries: EventQuery[] = [{ stream: 'either' }, { tags: ['both'] }, { tags: ['both'], types: ['Seen'] }];
      const wanted = stored.filter((_, n) => n % 2 === 0 || n % 3 === 0);
      expect(await log.query(queries)).toEqual(wanted);
      const paged: RecordedEvent[] = [];
      for (let page = 0; page < wanted.length / 10; page++) {
        const after = paged.at(-1)?.position ?? 0;
        const events = await log.query(queries, { after, limit: 10 });
        expect(events).toHaveLength(Math.min(10, wanted.length - page * 10));
        paged.push(...events);
      }
      expect(paged).toEqual(wanted);
      expect(await log.query([])).toEqual([]);
      expect(await log.query([{ tags: ['both'], types: ['Seen', 'Unknown'] }])).toEqual(
        stored.filter((_, n) => n % 12 === 0),
      );
    });

    test('a query for several tags finds the events that have all of them', async () => {
      const log = theLog();
      const tags = [['q:a'], ['q:b'], ['q:a', 'q:b'], ['q:b', 'q:c', 'q:a']];
      const stored = storedOf(
        await log.append({ events: tags.map((own) => anEvent({ stream: 'tagged', tags: own })) }),
      );
      expect(await log.query([{ tags: ['q:a', 'q:b'] }])).toEqual(stored.slice(2));
      expect(await log.query([{ tags: ['q:c', 'q:a', 'q:b'] }])).toEqual(stored.slice(3));
      expect(await log.query([{ tags: ['q:c', 'q:d'] }])).toEqual([]);
    });
  });

  describe('snapshots', () => {
    test('the newest is kept, an older position does not replace it, another state version does', async () => {
      const log = theLog();
      const snapshot = (position: number, stateVersion: number, n: number) =>
        log.saveSnapshot({ name: 'cart:1', position, stateVersion, state: `{"n":${n}}` });
      expect(await log.loadSnapshot('cart:1')).toBeUndefined();
      await snapshot(10, 1, 1);
      await snapshot(5, 1, 2);
      expect(await log.loadSnapshot('cart:1')).toEqual({
        name: 'cart:1',
        position: 10,
        stateVersion: 1,
        state: '{"n":1}',
      });
      await snapshot(20, 1, 3);
      expect(await log.loadSnapshot('cart:1')).toMatchObject({ position: 20, state: '{"n":3}' });
      await snapshot(15, 2, 4);
      expect(await log.loadSnapshot('cart:1')).toMatchObject({ position: 15, stateVersion: 2, state: '{"n":4}' });
    });
  });

  describe('listeners', () => {
    test('hear of every event of this process once, in the order of positions, before the caller does', async () => {
      const log = theLog();
      const heard: RecordedEvent[] = [];
      const stop = log.onAppended((events) => heard.push(...events));
      const { position } = await log.head();
      const again = { events: [anEvent({ stream: 'heard' })] };
      const late = await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          const outcome = await log.append(n % 10 === 0 ? again : { events: [anEvent({ stream: `heard-${n % 5}` })] });
          const event = storedOf(outcome)[0];
          return heard.every((one) => one.id !== event?.id);
        }),
      );
      await log.append(again);
      stop();
      await log.append({ events: [anEvent({ stream: 'heard' })] });
      expect(late.filter(Boolean)).toEqual([]);
      expect(heard.map((event) => event.position)).toEqual(Array.from({ length: 46 }, (_, n) => position + 1 + n));
      expect(heard).toEqual(await log.read({ after: position, limit: 46 }));
    });

    test('one that throws harms neither the caller nor the others', async () => {
      const log = theLog();
      const heard: RecordedEvent[] = [];
      const stops = [
        log.onAppended(() => {
          throw new Error('a listener failed on purpose');
        }),
        log.onAppended((events) => heard.push(...events)),
      ];
      const stored = storedOf(await log.append({ events: [anEvent({ stream: 'thrown' })] }));
      for (const stop of stops) stop();
      expect(heard).toEqual(stored);
    });
  });
}
