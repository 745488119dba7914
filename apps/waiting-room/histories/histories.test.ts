import { readdirSync, readFileSync } from 'node:fs';
import { givenEvents, memorySystem } from '#millrace/testing';
import { Type, type EventDefinition, type Static, type StoredEvent } from '#millrace';
import { Value } from 'typebox/value';
import { afterAll, describe, expect, test } from 'vitest';
import { waitingRoomEvents } from '../domain/events.ts';
import { waitingRoomProjection } from '../projections/waiting-room.ts';
import { waitingRoom } from '../system.ts';

const history = Type.Object({
  about: Type.String(),
  events: Type.Array(
    Type.Object({
      stream: Type.String(),
      type: Type.String(),
      schemaVersion: Type.Integer(),
      data: Type.Record(Type.String(), Type.Unknown()),
    }),
    { minItems: 1 },
  ),
  /** What the rows of `visits` come to, in the named columns. */
  visits: Type.Array(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]))),
});

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'));
const histories = files.map((name): [string, Static<typeof history>] => [
  name,
  Value.Parse(history, JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))),
]);

const system = memorySystem(waitingRoom);
afterAll(() => system.stop());

function decoded({ events }: Static<typeof history>): readonly StoredEvent[] {
  const versions = new Map<string, number>();
  return events.map(({ stream, type, schemaVersion, data }, index) => {
    const version = (versions.get(stream) ?? 0) + 1;
    versions.set(stream, version);
    return system.registry.decode({
      id: `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
      position: index + 1,
      stream,
      version,
      type,
      schemaVersion,
      tags: [],
      payload: JSON.stringify(data),
      metadata: JSON.stringify({ correlationId: 'recorded', actor: 'recorded' }),
      occurredAt: 0,
    });
  });
}

const versions = waitingRoomEvents.flatMap(({ type, schemaVersion }) =>
  Array.from({ length: schemaVersion }, (_, index): [string, number] => [type, index + 1]),
);

describe('recorded histories', () => {
  test.each(versions)('%s has a recorded history of schema version %i', (type, version) => {
    const recorded = histories.flatMap(([, { events }]) => events);
    expect(recorded.some((event) => event.type === type && event.schemaVersion === version)).toBe(true);
  });

  test.each(histories)('%s decodes to data that fits the schemas of today', (_name, recorded) => {
    const definitions = new Map<string, Pick<EventDefinition, 'check'>>(
      waitingRoomEvents.map((event) => [event.type, event]),
    );
    for (const event of decoded(recorded)) {
      expect({ type: event.type, problems: definitions.get(event.type)?.check(event.data) }).toEqual({
        type: event.type,
        problems: [],
      });
    }
  });

  test.each(histories)('%s folds into the visits that it came to', (_name, recorded) => {
    givenEvents(waitingRoomProjection, decoded(recorded)).thenRows('visits', recorded.visits);
  });
});
