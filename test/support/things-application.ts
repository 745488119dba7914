import { Type } from 'typebox';
import type { Decider } from '../../src/commands/decider.ts';
import { DomainError } from '../../src/errors.ts';
import { defineEvent, type EventOf } from '../../src/events/definition.ts';
import { defineProjection, rows } from '../../src/projections/definition.ts';
import { sendCommand, type Application } from '../../src/server/index.ts';
import { defineSystem } from '../../src/system.ts';

const ThingMade = defineEvent('ThingMade', { schema: Type.Object({ name: Type.String() }) });

interface MakeThing {
  readonly id: string;
  readonly name: string;
}

const maker: Decider<boolean, MakeThing, EventOf<typeof ThingMade>> = {
  name: 'thing',
  initial: false,
  boundary: ({ id }) => ({ stream: `thing-${id}`, likelyNew: true }),
  decide: (isThere, { name }) => {
    if (isThere) throw new DomainError('THING_EXISTS', 'It was made before.');
    return [ThingMade({ name })];
  },
  evolve: () => true,
};

function nameIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const things = rows<{ thing_id: string; name: string }>({
  table: 'things',
  key: 'thing_id',
  columns: { thing_id: 'text', name: 'text' },
  on: { ThingMade: (_row, event) => ({ thing_id: event.stream, name: nameIn(event.data['name']) }) },
  versionColumn: 'thing_version',
  positionColumn: 'thing_position',
});

/** The smallest application that can be started from a file; every tenth command of its load is refused. */
export const application: Application = {
  system: defineSystem({
    name: 'things',
    events: [ThingMade],
    tables: { events: 'thing_events', outbox: 'thing_outbox' },
    databases: { eventStore: 'things_eventstore', readModels: 'things_readmodels' },
    projections: [
      defineProjection({
        id: 'things',
        schema: new URL('things.sql', import.meta.url),
        rows: [things],
        exposes: ['things'],
      }),
    ],
  }),
  routes: (server) => {
    server.post(
      '/api/things',
      { schema: { body: Type.Object({ id: Type.String(), name: Type.String() }) } },
      (request, reply) => sendCommand(request, reply, { decider: maker, command: request.body, status: 201 }),
    );
    server.post('/api/break', () => {
      setImmediate(() => {
        throw new Error('nobody catches this');
      });
      return {};
    });
  },
  load: {
    description: 'Makes things',
    request: (n, run) => ({
      method: 'POST',
      path: '/api/things',
      body: { id: `${run}-${n % 10 === 9 ? n - 1 : n}`, name: 'a thing' },
    }),
  },
};
