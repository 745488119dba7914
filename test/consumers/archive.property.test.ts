import { inject, expect, it } from 'vitest';
import fc from 'fast-check';
import type { AppendOutcome } from '../../src/store/store.ts';
import { newEventId } from '../../src/events/event-id.ts';
import { archiveRig, type ArchiveRig } from '../support/archive-rig.ts';
import { readModelText } from '../support/example-databases.ts';
import { eventOf, type Step } from '../support/example-system.ts';
import { readAll } from '../support/test-log.ts';

/**
 * Two systems live the same history, one with runs of the archive in between. Every question gets the same answer: a stream,
 * everything, by tag, conditions, and what a rebuild makes of it.
 */

type Move =
  | { readonly do: 'append'; readonly steps: readonly Step[] }
  | { readonly do: 'archive'; readonly batchEvents: number }
  | { readonly do: 'ask' };

const depots = ['north', 'south', 'west'];
const parcel = fc.integer({ min: 0, max: 5 }).map(String);
const depot = fc.constantFrom(...depots);

/** Whether a parcel exists is seen to when a move is made. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ parcel, what: fc.constant('moved' as const), depot }) },
  { weight: 3, arbitrary: fc.record({ parcel, what: fc.constant('delivered' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ parcel, what: fc.constant('accepted' as const), depot, weight: fc.constantFrom(5, 50) }),
  },
);
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append' as const), steps: fc.array(step, { minLength: 1, maxLength: 6 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('archive' as const), batchEvents: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'ask' as const }) },
);

const certain: Move[] = [
  { do: 'append', steps: [{ parcel: '0', what: 'delivered' }] },
  { do: 'archive', batchEvents: 2 },
  { do: 'ask' },
];

it('C36: a history with archive runs in between answers every question as the same history without', async () => {
  await using plain = await archiveRig();
  await using archived = await archiveRig();
  const systems = [
    await plain.databases.start(),
    await archived.databases.start({ archive: { folder: archived.folder.path } }),
  ];
  let head = 0;
  let round = 0;
  let runs = 0;

  const play = async (moves: readonly Move[]) => {
    // Parcels of a round are its own: a history begins with nothing.
    const mine = `r${round++}-`;
    const known = new Set<string>();
    for (const one of moves) {
      if (one.do === 'append') {
        const steps = one.steps.flatMap((given): Step[] => {
          const named = { ...given, parcel: mine + given.parcel };
          if (known.has(named.parcel)) return named.what === 'accepted' ? [] : [named];
          known.add(named.parcel);
          const accepted: Step = { parcel: named.parcel, what: 'accepted', depot: 'north', weight: 50 };
          return named.what === 'accepted' ? [named] : [accepted, named];
        });
        if (steps.length > 0) head = await appendBoth(steps);
      } else if (one.do === 'archive') {
        await archived.settle(head);
        runs += (await archived.run({ batchEvents: one.batchEvents })).events;
      } else await sameAnswers([...known].map((name) => `parcel-${name}`));
    }
    await sameAnswers([...known].map((name) => `parcel-${name}`));
  };

  const appendBoth = async (steps: readonly Step[]): Promise<number> => {
    const events = steps.map((given) => {
      const { id, stream, type, data } = eventOf(given);
      const metadata = '{"correlationId":"c","actor":"a"}';
      return {
        id,
        stream,
        metadata,
        occurredAt: Date.UTC(2026, 0, 1),
        ...plain.databases.registry.encode({ type, data }),
      };
    });
    const outcomes = await Promise.all([plain, archived].map((rig) => rig.log.append({ events })));
    expect(outcomes[1]).toEqual(outcomes[0]);
    const [outcome] = outcomes;
    if (outcome?.outcome !== 'stored') throw new Error('not stored');
    return outcome.events.at(-1)?.position ?? head;
  };

  const both = async <Answer>(ask: (rig: ArchiveRig) => Promise<Answer>) => {
    const [expected, found] = await Promise.all([ask(plain), ask(archived)]);
    expect(found).toEqual(expected);
  };

  const sameAnswers = async (streams: readonly string[]) => {
    await both((rig) => readAll(rig.log, 7));
    await both((rig) => rig.log.read({ after: Math.max(0, head - 5), upTo: Math.max(0, head - 2) }));
    await both((rig) => rig.log.query(streams.slice(0, 3).map((stream) => ({ stream }))));
    for (const stream of streams) {
      await both((rig) => rig.log.query([{ stream, afterVersion: 1 }], { limit: 2 }));
    }
    await both((rig) =>
      rig.log.query([{ tags: ['depot:north'], types: ['ParcelAccepted'] }, { tags: ['depot:south'] }], { limit: 9 }),
    );
    const [first] = await plain.log.read({ after: Math.max(0, head - 9), limit: 1 });
    await both((rig) => rig.log.event(first?.id ?? ''));
    // What is refused leaves nothing behind, so it can be tried on both.
    for (const tag of depots.map((name) => `depot:${name}`)) {
      const [last] = await plain.log.query([{ tags: [tag] }], { limit: 1 });
      if (last === undefined) continue;
      await both((rig) => refused(rig, { conditions: [{ tags: [tag], after: last.position - 1 }] }));
    }
    const [stream] = streams;
    if (stream !== undefined) await both((rig) => refused(rig, { expect: [{ stream, version: 0 }] }));
    // Sent again: the same event, whether it is archived or not.
    if (first !== undefined) {
      const { id, type, tags, schemaVersion, payload, metadata, occurredAt } = first;
      const again = { id, type, tags, schemaVersion, payload, metadata, occurredAt, stream: first.stream };
      await both((rig) => rig.log.append({ events: [again] }));
    }
  };

  const refused = (rig: ArchiveRig, how: object): Promise<AppendOutcome> => {
    const event = {
      id: newEventId(),
      stream: `refused-${rig.log.name}`,
      type: 'ParcelMoved',
      schemaVersion: 1,
      tags: [],
    };
    const wanted = { ...event, stream: 'refused', payload: '{}', metadata: '{}', occurredAt: 0 };
    return rig.log.append({ events: [wanted], ...how });
  };

  await fc.assert(fc.asyncProperty(fc.array(move, { minLength: 4, maxLength: 10 }), play), {
    seed: inject('seed'),
    numRuns: 4,
    // At least this one archives something, whatever the seed.
    examples: [[certain]],
    endOnFailure: true,
  });
  expect(runs).toBeGreaterThan(0);

  await archived.settle(head);
  await plain.settle(head);
  await archived.run();
  for (const system of systems) await system.projections.rebuild('parcels');
  expect(await readModelText(archived.databases)).toBe(await readModelText(plain.databases));
  const [counted] = await archived.databases.store<{ kept: string; gone: string }>(
    'select (select count(*) from parcel_events_log) as kept, (select count(*) from archived_events) as gone',
  );
  expect(Number(counted?.kept) + Number(counted?.gone)).toBe(head);
  expect(Number(counted?.gone)).toBeGreaterThan(0);
});
