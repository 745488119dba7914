import type { MillraceServer } from '#millrace/server';
import type { CallDesk } from './call-desk.ts';
import { changeRoom } from './room-routes.ts';
import { callNextBody, callNextToDeskBody, roomAnswer, roomIdBody, visitAnswer, visitBody } from './schemas.ts';
import { callNext, sendStep } from './send-visit.ts';

const answers = { 200: visitAnswer };
const tags = ['departments'];

/** Steps that take nothing but the visit, by the department that takes them. */
const steps = [
  ['cashier/validate-payment', 'validate-payment'],
  ['cashier/mark-payment-pending', 'payment-pending'],
  ['cashier/mark-absent', 'absent-at-cashier'],
  ['cashier/cancel-payment', 'cancel-by-payment'],
  ['medical/start-consultation', 'start'],
  ['medical/finish-consultation', 'complete'],
  ['medical/mark-absent', 'absent-at-consultation'],
] as const;

/**
 * The same commands once more under the names of the departments. Each does what its namesake under
 * `/api/waiting-room` does; keys of one are not keys of the other.
 */
export function departmentRoutes(server: MillraceServer, desk: CallDesk): void {
  for (const path of ['waiting-room/claim-next', 'medical/call-next']) {
    server.post(
      `/api/${path}`,
      { schema: { tags, summary: 'As /api/waiting-room/call-next', body: callNextBody, response: answers } },
      (request, reply) => {
        const { queueId, roomId } = request.body;
        return callNext(request, reply, desk, queueId, { kind: 'room', id: roomId });
      },
    );
  }
  server.post(
    '/api/cashier/call-next',
    {
      schema: { tags, summary: 'As /api/waiting-room/call-next-to-desk', body: callNextToDeskBody, response: answers },
    },
    (request, reply) => {
      const { queueId, deskId } = request.body;
      return callNext(request, reply, desk, queueId, { kind: 'desk', id: deskId });
    },
  );
  for (const [path, type] of steps) {
    server.post(
      `/api/${path}`,
      { schema: { tags, summary: `Step of a visit: ${type}`, body: visitBody, response: answers } },
      (request, reply) => sendStep(request, reply, { type, visitId: request.body.visitId }),
    );
  }
  for (const [path, active] of [
    ['activate', true],
    ['deactivate', false],
  ] as const) {
    server.post(
      `/api/medical/consulting-room/${path}`,
      {
        schema: {
          tags,
          summary: 'As PUT /api/waiting-room/rooms/{roomId}',
          body: roomIdBody,
          response: { 200: roomAnswer },
        },
      },
      (request, reply) => changeRoom(request, reply, desk, request.body.roomId, active),
    );
  }
}
