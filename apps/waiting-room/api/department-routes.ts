import type { MillraceServer } from '#millrace/server';
import { changePlace } from './room-routes.ts';
import type { Calling } from './send-visit.ts';
import { roomAnswer, roomIdBody } from './schemas.ts';
import { callNextIntoRoom, callNextToDesk, stepRoutes } from './step-routes.ts';

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
export function departmentRoutes(server: MillraceServer, calling: Calling): void {
  for (const path of ['/api/waiting-room/claim-next', '/api/medical/call-next']) {
    callNextIntoRoom(server, path, { tags, summary: 'As /api/waiting-room/call-next' }, calling);
  }
  callNextToDesk(
    server,
    '/api/cashier/call-next',
    { tags, summary: 'As /api/waiting-room/call-next-to-desk' },
    calling,
  );
  stepRoutes(
    server,
    calling.tickets,
    tags,
    steps.map(([path, type]) => [path, `Step of a visit: ${type}`, type]),
  );
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
      async (request, reply) => {
        const { roomId } = request.body;
        return { roomId, ...(await changePlace(request, reply, calling.desk, { kind: 'room', id: roomId }, active)) };
      },
    );
  }
}
