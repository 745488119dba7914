import { Type } from 'typebox';
import type { EventMetadata, RecordedEvent } from '../../events/envelope.ts';
import type { AnyRows, ProjectionDefinition } from '../../projections/definition.ts';
import { buildSchema } from '../../projections/builds.ts';
import type { EventLag, RunningSystem } from '../../running-system.ts';
import type { RouteModule } from '../route-module.ts';

const text = Type.Unsafe<string | null>({ type: ['string', 'null'] });
const number = Type.Unsafe<number | null>({ type: ['number', 'null'] });
const truth = Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] });

const traceSchema = Type.Object({
  position: Type.Integer(),
  eventId: Type.String(),
  type: Type.String(),
  aggregateId: Type.String({ description: 'The stream.' }),
  correlationId: text,
  status: Type.Unsafe<EventLag['status'] | null>({
    ...text,
    description: 'What the lag ledger says; null when it has no row.',
  }),
  totalLagMs: number,
  applied: Type.Unsafe<boolean | null>({
    ...truth,
    description: 'The effect is in the read model; null when the primary projection keeps no row for this event.',
  }),
});

/** The log in its order, each event with what became of it: what an audit and `millrace load` read. */
export const logRoutes: RouteModule = (server, system) => {
  server.get(
    '/api/log',
    {
      schema: {
        tags: ['events'],
        summary: 'The log from a position on',
        description: 'In order and without gaps. Each event with its ledger status and whether the read model has it.',
        querystring: Type.Object({
          after: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }),
          limit: Type.Integer({ minimum: 1, maximum: 2_000, default: 100 }),
        }),
        response: {
          200: Type.Object({
            head: Type.Integer({ description: 'The last position of the log.' }),
            events: Type.Array(traceSchema),
          }),
        },
      },
    },
    async (request) => {
      const { after, limit } = request.query;
      const { position: head } = await system.log.head();
      const events = await system.log.read({ after, limit, upTo: head });
      return { head, events: await traced(system, events) };
    },
  );
};

async function traced(system: RunningSystem, events: readonly RecordedEvent[]) {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) return [];
  const [ledger, applied] = await Promise.all([
    system.lag.range(first.position - 1, last.position),
    appliedEvents(system, events),
  ]);
  const rows = new Map(ledger.map((row) => [row.eventId, row]));
  return events.map((event) => {
    const row = rows.get(event.id);
    return {
      position: event.position,
      eventId: event.id,
      type: event.type,
      aggregateId: event.stream,
      correlationId: correlationIdOf(event),
      status: row?.status ?? null,
      totalLagMs: row?.totalLagMs ?? null,
      applied: applied.get(event.position) ?? null,
    };
  });
}

function correlationIdOf(event: RecordedEvent): string | null {
  // Written by the platform itself, in this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const metadata = JSON.parse(event.metadata) as Partial<EventMetadata>;
  return metadata.correlationId ?? null;
}

/**
 * Looks every event's row up in the tables of the primary projection that keep positions. True when this event or a
 * later one wrote the row last; false when the row is older, missing, or was deleted by a later event.
 */
async function appliedEvents(
  system: RunningSystem,
  events: readonly RecordedEvent[],
): Promise<ReadonlyMap<number, boolean>> {
  const applied = new Map<number, boolean>();
  const primary = system.definition.projections[0];
  if (!primary) return applied;
  // The tables themselves, since an application need not show them to readers.
  const schema = buildSchema(primary.id, (await system.projections.get(primary.id)).generation);
  for (const table of tablesWithPositions(primary)) {
    const keys = new Map<number, string>();
    for (const event of events) {
      if (table.on[event.type] === undefined) continue;
      const key = (table.keyOf ?? ((stored) => stored.stream))(system.registry.decode(event));
      if (key !== undefined) keys.set(event.position, key);
    }
    const found = await positionsOf(system, schema, table, [...new Set(keys.values())]);
    for (const [position, key] of keys) {
      const isThere = (found.get(key) ?? 0) >= position;
      applied.set(position, isThere && (applied.get(position) ?? true));
    }
  }
  return applied;
}

interface TableWithPositions extends AnyRows {
  readonly positionColumn: string;
}

function tablesWithPositions(projection: ProjectionDefinition): TableWithPositions[] {
  return projection.rows.flatMap((table) =>
    table.positionColumn === undefined ? [] : [{ ...table, positionColumn: table.positionColumn }],
  );
}

async function positionsOf(
  system: RunningSystem,
  schema: string,
  { table, key, positionColumn }: TableWithPositions,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (keys.length === 0) return new Map();
  // The names were checked when the projection was defined.
  const sql = `select ${key} as key, ${positionColumn}::float8 as position from ${schema}.${table} where ${key} = any($1)`;
  const rows = await system.readModels.query<{ key: string; position: number }>(sql, [keys]);
  return new Map(rows.map((row) => [row.key, row.position]));
}
