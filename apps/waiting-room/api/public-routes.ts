import { MillraceError, Type, type RunningSystem } from '#millrace';
import { minPositionOf, minPositionParameter, nullable, ProgressStreams, type MillraceServer } from '#millrace/server';
import { refuse } from '../domain/refusals.ts';
import { publicVisits, publicVisitSchema } from './public-visit.ts';
import { siteIdSchema } from './schemas.ts';
import { ShownDisplays } from './shown-displays.ts';
import { siteList } from './site-list.ts';
import type { VisitLinks } from './visit-link.ts';
import { VisitStreams } from './visit-streams.ts';

const tags = ['public'];
const queuesSql = `select queue_id as "queueId", queue_name as "queueName", state from waiting_queue_view
                   where ($1::text is null or site_id = $1) and state = 'OPEN' order by queue_name, queue_id limit 1000`;

/** Phones of one clinic that look at the same time. */
const mostStreams = 2000;
/** Those of one link among them: a patient's own, and the family's. */
const mostOfOneLink = 10;

const callSchema = Type.Object({
  callId: Type.String({
    description: 'Stands for the visit, here and in the live rows, and does not lead back to it.',
  }),
  ticket: Type.String(),
  destination: Type.Object({ kind: Type.String({ description: '`room` or `desk`.' }), name: Type.String() }),
  status: Type.String({ description: 'CALLED, AT_CASHIER or IN_CONSULTATION.' }),
  calledAt: nullable(Type.String()),
  calls: Type.Integer({ description: 'Goes up with each call, so that a call once more is noticed.' }),
});

const token = Type.String({ maxLength: 100, description: 'The end of the link that the check-in answered.' });

/**
 * What anybody may see without signing in: which ticket goes where, and one's own place behind a link that nobody can
 * guess. No answer here holds a name, a patient's or visit's id, or what somebody comes for.
 */
export function publicRoutes(
  server: MillraceServer,
  { readModels }: Pick<RunningSystem, 'readModels'>,
  links: VisitLinks,
): void {
  const shown = new ShownDisplays(readModels);
  server.get(
    '/api/public/displays/:siteId',
    {
      schema: {
        tags,
        summary: 'What the display of a site shows',
        params: Type.Object({ siteId: siteIdSchema }),
        querystring: Type.Object(minPositionParameter),
        response: {
          200: Type.Object({
            siteId: Type.String(),
            siteName: Type.String(),
            generatedAt: Type.String(),
            calls: Type.Array(callSchema, { description: 'The newest first.' }),
            next: Type.Array(Type.Object({ ticket: Type.String() })),
            position: Type.Integer({ description: 'Live updates go on behind it.' }),
          }),
        },
      },
    },
    async (request) => {
      const { siteId } = request.params;
      const when = minPositionOf(request.query);
      const [site] = (await siteList(readModels, when)).filter((one) => one.siteId === siteId);
      if (site === undefined) throw refuse('SITE_NOT_FOUND', { field: 'siteId', problem: 'is unknown' });
      // First: what changes from here on comes live.
      const position = await readModels.position();
      const { calls, next } = await shown.at(siteId, position);
      return { ...{ siteId, siteName: site.siteName, generatedAt: new Date().toISOString(), next, position }, calls };
    },
  );

  server.get(
    '/api/public/sites',
    {
      schema: {
        tags,
        summary: 'The sites',
        response: { 200: Type.Array(Type.Object({ siteId: Type.String(), siteName: Type.String() })) },
      },
    },
    async () => (await siteList(readModels)).map(({ siteId, siteName }) => ({ siteId, siteName })),
  );

  server.get(
    '/api/public/queues',
    {
      schema: {
        tags,
        summary: 'The queues that take patients in',
        querystring: Type.Object({ siteId: Type.Optional(siteIdSchema) }),
        response: {
          200: Type.Array(Type.Object({ queueId: Type.String(), queueName: Type.String(), state: Type.String() })),
        },
      },
    },
    (request) => readModels.query(queuesSql, [request.query.siteId ?? null]),
  );

  const page = async (asked: string, when: { readonly minPosition?: number } = {}) => {
    const visitId = links.visitOf(asked);
    if (visitId === undefined) throw unknownLink();
    if (when.minPosition !== undefined) await readModels.query('select 1', [], when);
    const found = (await publicVisits(readModels, [visitId], Date.now())).get(visitId);
    if (found === undefined) throw unknownLink();
    return { visitId, ...found };
  };

  server.get(
    '/api/public/visits/:token',
    {
      schema: {
        tags,
        summary: "A visit as its patient's phone shows it",
        description: 'Unknown, made up, or over for more than two days: all the same VISIT_LINK_UNKNOWN.',
        params: Type.Object({ token }),
        querystring: Type.Object(minPositionParameter),
        response: { 200: publicVisitSchema },
      },
    },
    async (request) => (await page(request.params.token, minPositionOf(request.query))).visit,
  );

  const streams = new ProgressStreams({ most: mostStreams });
  const followed = new VisitStreams(readModels);
  server.addHook('preClose', async () => {
    followed.stop();
    await streams.close();
  });
  server.get(
    '/api/public/visits/:token/stream',
    {
      exposeHeadRoute: false,
      config: { live: true },
      schema: {
        tags,
        summary: "The same by server-sent events, whenever something changed on the patient's page",
        description: 'Ends with the visit.',
        params: Type.Object({ token }),
      },
    },
    async (request, reply) => {
      const { visitId, ...found } = await page(request.params.token);
      if (followed.countOf(visitId) >= mostOfOneLink)
        throw new MillraceError('SUBSCRIBERS_FULL', 'Too many pages of this link are open.');
      streams.open(request, reply, (send, end) => followed.follow(visitId, found, send, end));
      return reply;
    },
  );
}

function unknownLink() {
  return refuse('VISIT_LINK_UNKNOWN', { field: 'token', problem: 'is unknown' });
}
