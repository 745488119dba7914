import { MillraceError, Type, type RunningSystem } from '#millrace';
import { minPositionOf, minPositionParameter, nullable, sendCommand, type MillraceServer } from '#millrace/server';
import { siteDecider } from '../domain/site.ts';
import { isTimeZone } from '../domain/zone-time.ts';
import { ownTimeZone } from './known-queues.ts';
import { siteIdSchema } from './schemas.ts';
import { siteList } from './site-list.ts';

const tags = ['waiting room'];
const timeOfDay = Type.String({
  pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
  description: "HH:MM by the site's clock.",
});

const siteBody = Type.Object({
  siteName: Type.Optional(Type.String({ minLength: 1, maxLength: 100, pattern: String.raw`\S` })),
  timeZone: Type.Optional(Type.String({ maxLength: 60, description: 'As `Europe/Madrid`.' })),
  closesAt: Type.Optional(
    nullable(Type.String({ ...timeOfDay, description: 'When the day ends by itself: HH:MM; null: it does not.' })),
  ),
  opensAt: Type.Optional(
    nullable(
      Type.String({
        ...timeOfDay,
        description: 'When the queues that the day closed open again: HH:MM; null: by hand.',
      }),
    ),
  ),
});

export const siteSchema = Type.Object({
  siteId: Type.String(),
  siteName: Type.String(),
  timeZone: Type.String(),
  closesAt: nullable(Type.String()),
  opensAt: nullable(Type.String()),
  nextCloseAt: nullable(Type.String({ description: 'When its day ends next, ISO 8601.' })),
  closedDay: nullable(Type.String({ description: 'The last day that ended, as a date.' })),
  queues: Type.Integer(),
  rooms: Type.Integer(),
  desks: Type.Integer(),
});

/** The buildings of the clinic. */
export function siteRoutes(server: MillraceServer, { readModels }: Pick<RunningSystem, 'readModels'>): void {
  server.get(
    '/api/waiting-room/sites',
    {
      schema: {
        tags,
        summary: 'The sites, with how many queues, rooms and desks each has',
        querystring: Type.Object(minPositionParameter),
        response: { 200: Type.Object({ sites: Type.Array(siteSchema) }) },
      },
    },
    async (request) => ({ sites: await siteList(readModels, minPositionOf(request.query)) }),
  );

  server.put(
    '/api/waiting-room/sites/:siteId',
    {
      schema: {
        tags,
        summary: 'Name a site, or set its time zone and hours',
        description: 'What is not given stays. A queue, room or desk that was given to no site is at `main`.',
        params: Type.Object({ siteId: siteIdSchema }),
        body: siteBody,
        response: { 200: Type.Object({ siteId: Type.String(), changed: Type.Boolean(), position: Type.Integer() }) },
      },
    },
    (request, reply) => {
      const { siteId } = request.params;
      const { timeZone } = request.body;
      if (timeZone !== undefined && !isTimeZone(timeZone)) {
        throw new MillraceError('REQUEST_INVALID', 'The body is wrong in: timeZone.', {
          fields: [{ field: 'timeZone', problem: 'is no time zone' }],
        });
      }
      return sendCommand(request, reply, {
        decider: siteDecider,
        command: { siteId, ...request.body, ownTimeZone },
        answer: (events) => ({ siteId, changed: events.length > 0 }),
      });
    },
  );
}
