import { Type } from 'typebox';
import type { Decider } from '../../src/commands/decider.ts';
import { DomainError } from '../../src/errors.ts';
import { defineEvent, type EventOf } from '../../src/events/definition.ts';
import { defineProjection } from '../../src/projections/definition.ts';
import { minPositionOf, minPositionParameter, sendCommand, type Application } from '../../src/server/index.ts';
import { defineSystem } from '../../src/system.ts';

const Counted = defineEvent('Counted', {
  schema: Type.Object({ counterId: Type.String(), by: Type.Integer() }),
  tags: ({ counterId }) => [`counter:${counterId}`],
});

interface Count {
  readonly counterId: string;
  readonly by: number;
}

const counter: Decider<number, Count, EventOf<typeof Counted>> = {
  name: 'counter',
  initial: 0,
  boundary: ({ counterId }) => ({ stream: counterId }),
  decide: (count, command) => {
    if (count + command.by > 10) {
      throw new DomainError('COUNTER_FULL', 'The counter counts to ten.', {
        fields: [{ field: 'by', problem: 'full' }],
      });
    }
    if (command.by === 0) throw new DomainError('NOTHING_TO_COUNT', 'Zero counts nothing.', { kind: 'invalid' });
    return [Counted(command)];
  },
  evolve: (count, event) => count + event.data.by,
};

const system = defineSystem({
  name: 'counters',
  events: [Counted],
  tables: { events: 'counter_events', outbox: 'counter_outbox' },
  databases: { eventStore: 'counter_eventstore', readModels: 'counter_readmodels' },
  projections: [
    defineProjection({
      id: 'counts',
      schema: new URL('counts.sql', import.meta.url),
      rows: [],
      exposes: ['counter_view'],
    }),
  ],
});

/** A small application that counts, for tests of the server. */
export const counterApplication: Application = {
  system,
  routes: (server, running) => {
    server.post(
      '/api/counters/:id',
      {
        schema: {
          tags: ['counters'],
          params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 20 }) }),
          body: Type.Object({
            by: Type.Integer({ minimum: 0, maximum: 100 }),
            mood: Type.Optional(Type.Union([Type.Literal('good'), Type.Literal('bad')])),
            name: Type.Optional(Type.String({ maxLength: 5 })),
            inner: Type.Optional(Type.Object({ deep: Type.Optional(Type.Boolean()) })),
          }),
          response: {
            201: Type.Object({ counterId: Type.String(), events: Type.Integer(), position: Type.Integer() }),
          },
        },
      },
      (request, reply) =>
        sendCommand(request, reply, {
          decider: counter,
          command: { counterId: request.params.id, by: request.body.by },
          answer: (events) => ({ counterId: request.params.id, events: events.length }),
          status: 201,
        }),
    );
    server.get('/api/counters', { schema: { querystring: Type.Object({ ...minPositionParameter }) } }, (request) =>
      running.readModels.query('select * from counter_view', [], minPositionOf(request.query)),
    );
    server.get('/api/defect', () => {
      throw new TypeError('secret of the inner parts');
    });
  },
  live: [
    {
      name: 'counters',
      webSocketPath: '/ws/counters',
      ssePath: '/api/counters/live',
      views: [
        {
          name: 'counters',
          relation: 'counter_view',
          positionColumn: 'position',
          columns: ['id', 'count'],
          filter: { parameter: 'counterId', column: 'id' },
        },
        { name: 'totals', relation: 'total_view', positionColumn: 'position', columns: ['id', 'total'] },
      ],
    },
  ],
  grpc: {
    protos: [new URL('counters.proto', import.meta.url)],
    methods: {
      'tests.counters.v1.Counters/Count': { route: 'POST /api/counters/:id' },
      'tests.counters.v1.Counters/ListCounters': { route: 'GET /api/counters', list: 'counters' },
      'tests.counters.v1.Counters/Break': { route: 'GET /api/defect' },
    },
    streams: { 'tests.counters.v1.Counters/WatchCounters': { feed: 'counters' } },
  },
};
