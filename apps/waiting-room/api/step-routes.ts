import type { MillraceServer } from '#millrace/server';
import type { VisitCommand } from '../domain/visit-decider.ts';
import { callNextBody, callNextToDeskBody, visitAnswer, visitBody } from './schemas.ts';
import { callNext, sendStep, type Calling, type Tickets } from './send-visit.ts';

/** What every command about a visit answers. */
export const answers = { 200: visitAnswer };

/** How the API's own page shows a route. */
interface Shown {
  readonly tags: string[];
  readonly summary: string;
}

/** The steps that take nothing but the visit. */
type BareStep = Exclude<
  VisitCommand,
  { readonly priority: string } | { readonly reason: string } | { readonly answerBy: number }
>['type'];

/** Routes for steps that take nothing but the visit: the path under `/api/`, what it says of itself, and the step. */
export function stepRoutes(
  server: MillraceServer,
  tickets: Tickets,
  tags: string[],
  steps: readonly (readonly [path: string, summary: string, type: BareStep])[],
): void {
  for (const [path, summary, type] of steps) {
    server.post(`/api/${path}`, { schema: { tags, summary, body: visitBody, response: answers } }, (request, reply) =>
      sendStep(request, reply, tickets, { type, visitId: request.body.visitId }),
    );
  }
}

/** A route that calls who is next into a room. */
export function callNextIntoRoom(server: MillraceServer, path: string, shown: Shown, calling: Calling): void {
  server.post(path, { schema: { ...shown, body: callNextBody, response: answers } }, (request, reply) => {
    const { queueId, roomId } = request.body;
    return callNext(request, reply, calling, queueId, { kind: 'room', id: roomId });
  });
}

/** A route that calls who is next to a desk. */
export function callNextToDesk(server: MillraceServer, path: string, shown: Shown, calling: Calling): void {
  server.post(path, { schema: { ...shown, body: callNextToDeskBody, response: answers } }, (request, reply) => {
    const { queueId, deskId } = request.body;
    return callNext(request, reply, calling, queueId, { kind: 'desk', id: deskId });
  });
}
