import { readFileSync } from 'node:fs';
import { Type, type RunningSystem } from '#millrace';
import { minPositionOf, minPositionParameter, nullable, type MillraceServer } from '#millrace/server';
import { queues } from './lists.ts';
import { queueSchema } from './schemas.ts';

const todaySql = readFileSync(new URL('./today.sql', import.meta.url), 'utf8');
const count = Type.Integer();

const queueFigures = Type.Object({
  queueId: Type.String(),
  queueName: Type.String(),
  state: Type.String(),
  waiting: count,
  averageWaitMs: nullable(Type.Number()),
  totalToday: count,
  completedToday: count,
  byStatus: queueSchema.properties.byStatus,
});

const dashboard = Type.Object({
  generatedAt: Type.String(),
  today: Type.String({ description: 'When today began, by the clock of the server.' }),
  currentWaiting: Type.Integer({ description: 'Patients who wait, whatever for.' }),
  averageWaitMs: nullable(Type.Number({ description: 'Over all queues, each as often as it has patients today.' })),
  totalToday: Type.Integer({ description: 'Visits that began today.' }),
  completedToday: count,
  activeRooms: Type.Integer({ description: 'Rooms that may call.' }),
  occupiedRooms: count,
  projectionLagSeconds: Type.Number({ description: 'Age of the oldest event that these figures do not know.' }),
  queues: Type.Array(queueFigures),
  byStatus: Type.Record(Type.String(), count, { description: 'Over all queues; empty when there is none.' }),
});

/** The clinic's day in figures. */
export function dashboardRoutes(
  server: MillraceServer,
  { readModels, projections, definition }: Pick<RunningSystem, 'readModels' | 'projections' | 'definition'>,
): void {
  server.get(
    '/api/v1/operations/dashboard',
    {
      schema: {
        ...{ tags: ['operations'], summary: 'The day in figures', response: { 200: dashboard } },
        querystring: Type.Object(minPositionParameter),
      },
    },
    async (request) => {
      const today = new Date(new Date().setHours(0, 0, 0, 0));
      const found = await queues(readModels, null, minPositionOf(request.query));
      const [counts, [rooms], lagMs] = await Promise.all([
        readModels.query<Today>(todaySql, [today]),
        readModels.query<Rooms>(
          `select (count(*) filter (where active))::float8 as active,
                  (count(*) filter (where occupied))::float8 as occupied from rooms_view`,
        ),
        lagOf(projections, definition.projections[0]?.id),
      ]);
      const todays = new Map(counts.map((one) => [one.queueId, one]));
      const figures = found.map(({ queueId, queueName, state, currentPatientCount, averageWaitMs, byStatus }) => ({
        ...{ queueId, queueName, state, waiting: currentPatientCount, averageWaitMs, byStatus },
        totalToday: todays.get(queueId)?.arrived ?? 0,
        completedToday: todays.get(queueId)?.completed ?? 0,
      }));
      const sum = (figure: (queue: (typeof figures)[number]) => number) =>
        figures.reduce((total, queue) => total + figure(queue), 0);
      return {
        generatedAt: new Date().toISOString(),
        today: today.toISOString(),
        currentWaiting: sum(({ waiting }) => waiting),
        averageWaitMs: averageOf(figures),
        totalToday: sum(({ totalToday }) => totalToday),
        completedToday: sum(({ completedToday }) => completedToday),
        activeRooms: rooms?.active ?? 0,
        occupiedRooms: rooms?.occupied ?? 0,
        projectionLagSeconds: lagMs / 1_000,
        queues: figures,
        byStatus: addedUp(figures.map(({ byStatus }) => byStatus)),
      };
    },
  );
}

interface Today {
  readonly queueId: string;
  readonly arrived: number;
  readonly completed: number;
}

interface Rooms {
  readonly active: number;
  readonly occupied: number;
}

async function lagOf(projections: RunningSystem['projections'], id: string | undefined): Promise<number> {
  return id === undefined ? 0 : (await projections.get(id)).lagMs;
}

function averageOf(
  figures: readonly { readonly averageWaitMs: number | null; readonly totalToday: number }[],
): number | null {
  const waited = figures.flatMap(({ averageWaitMs, totalToday }) =>
    averageWaitMs === null || totalToday === 0 ? [] : [{ averageWaitMs, totalToday }],
  );
  const visits = waited.reduce((sum, { totalToday }) => sum + totalToday, 0);
  const milliseconds = waited.reduce((sum, { averageWaitMs, totalToday }) => sum + averageWaitMs * totalToday, 0);
  return visits === 0 ? null : milliseconds / visits;
}

function addedUp(all: readonly { readonly [status: string]: number }[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [status, number] of Object.entries(counts)) sums[status] = (sums[status] ?? 0) + number;
  }
  return sums;
}
