import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Row, StoredEvent } from '../../src/index.ts';
import { ProjectionWriter } from '../../src/projections/projection-writer.ts';
import { makeExample } from '../support/example-system.ts';
import { MemoryTables } from './memory-tables.ts';

const kinds = ['ParcelAccepted', 'ParcelMoved', 'ParcelDelivered'] as const;

const sequences = fc.array(
  fc.record({
    parcel: fc.integer({ min: 0, max: 4 }),
    kind: fc.constantFrom(...kinds),
    depot: fc.constantFrom('north', 'south', 'east'),
    weight: fc.integer({ min: 1, max: 20 }),
    fails: fc.boolean(),
    endsBatch: fc.boolean(),
  }),
  { maxLength: 40 },
);

type Drawn = Parameters<Parameters<typeof sequences.map>[0]>[0];

function eventsOf(drawn: Drawn): StoredEvent[] {
  const versions = new Map<string, number>();
  return drawn.map(({ parcel, kind, depot, weight }, index) => {
    const stream = `parcel-${parcel}`;
    const version = (versions.get(stream) ?? 0) + 1;
    versions.set(stream, version);
    // A stream begins with its acceptance: what moves before it would fail by itself.
    const type = version === 1 ? 'ParcelAccepted' : kind;
    return {
      id: String(index),
      log: 'parcels',
      position: index + 1,
      stream,
      version,
      type,
      schemaVersion: 1,
      tags: [],
      data: { label: `L-${parcel}`, depot, weight },
      metadata: { correlationId: 'c', actor: 'a' },
      occurredAt: 1_700_000_000_000 + index,
    };
  });
}

/** Applies batches; a key that fails is parked, and drained at the end as a retry does: each key in its order. */
async function apply(
  batches: readonly (readonly StoredEvent[])[],
  failsAt: ReadonlySet<number>,
): Promise<Record<string, Row[]>> {
  const { projection, trouble } = makeExample();
  const tables = new MemoryTables(projection);
  const parked = new Map<string, StoredEvent[]>();
  trouble.throwFor = (event) => failsAt.has(event.position);
  let writer = new ProjectionWriter(projection, 'memory');
  for (const batch of batches) {
    await writer.load(batch, (query) => Promise.resolve(tables.run(query)));
    for (const event of batch) {
      const waiting = parked.get(event.stream);
      if (waiting !== undefined) waiting.push(event);
      else if (writer.fold(event) !== undefined) parked.set(event.stream, [event]);
    }
    for (const query of writer.writes()) tables.run(query);
    writer.committed();
  }
  trouble.throwFor = () => false;
  writer = new ProjectionWriter(projection, 'memory');
  // A key whose row is missing fails for good; it would fail one by one as well.
  for (const events of parked.values()) {
    for (const event of events) {
      await writer.load([event], (query) => Promise.resolve(tables.run(query)));
      if (writer.fold(event) !== undefined) break;
      for (const query of writer.writes()) tables.run(query);
      writer.committed();
    }
  }
  return tables.dump();
}

it('any events, batched in any way, with any keys parked and retried later, give the tables of one-by-one folding', async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async (drawn) => {
      const events = eventsOf(drawn);
      const batches: StoredEvent[][] = [[]];
      events.forEach((event, index) => {
        batches.at(-1)?.push(event);
        if (drawn[index]?.endsBatch === true) batches.push([]);
      });
      const failsAt = new Set(events.filter((_, index) => drawn[index]?.fails === true).map((event) => event.position));
      const oneByOne = await apply(
        events.map((event) => [event]),
        new Set(),
      );
      expect(await apply(batches, new Set())).toEqual(oneByOne);
      expect(await apply([events], new Set())).toEqual(oneByOne);
      expect(await apply(batches, failsAt)).toEqual(oneByOne);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 30_000, markInterruptAsFailure: false },
  );
});
