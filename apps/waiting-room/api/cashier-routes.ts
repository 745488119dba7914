import type { RunningSystem } from '#millrace';
import type { MillraceServer } from '#millrace/server';
import { callPatientToDeskBody, cancelBody, triageBody } from './schemas.ts';
import { callPatient, priorityOf, sendStep, type Calling } from './send-visit.ts';
import { answers, callNextToDesk, stepRoutes } from './step-routes.ts';

const tags = ['waiting room'];

/** The steps at a desk that take nothing but the visit. */
const steps = [
  ['waiting-room/validate-payment', 'Paid; the desk is free', 'validate-payment'],
  ['waiting-room/mark-payment-pending', 'Tried to pay in vain; the patient stays at the desk', 'payment-pending'],
  [
    'waiting-room/mark-absent-at-cashier',
    'The patient was called and did not come: back in line twice, then given up; the desk is free',
    'absent-at-cashier',
  ],
  [
    'waiting-room/cancel-by-payment',
    'Give the visit up after all attempts to pay; the desk is free',
    'cancel-by-payment',
  ],
] as const;

/** What comes before the consultation in a queue that has triage or a cashier. */
export function cashierRoutes(server: MillraceServer, system: Pick<RunningSystem, 'state'>, calling: Calling): void {
  const { tickets } = calling;
  server.post(
    '/api/waiting-room/record-triage',
    { schema: { tags, summary: 'Triage is done', body: triageBody, response: answers } },
    (request, reply) => {
      const { visitId, priority } = request.body;
      return sendStep(request, reply, tickets, { type: 'record-triage', visitId, priority: priorityOf(priority) });
    },
  );
  const next = { tags, summary: 'Call who is next to a desk' };
  callNextToDesk(server, '/api/waiting-room/call-next-to-desk', next, calling);
  server.post(
    '/api/waiting-room/call-patient-to-desk',
    { schema: { tags, summary: 'Call one patient to a desk', body: callPatientToDeskBody, response: answers } },
    (request, reply) => {
      const { visitId, deskId } = request.body;
      return callPatient(request, reply, { system, ...calling }, visitId, { kind: 'desk', id: deskId });
    },
  );
  stepRoutes(server, tickets, tags, steps);
  server.post(
    '/api/waiting-room/waive-payment',
    { schema: { tags, summary: 'The patient need not pay', body: cancelBody, response: answers } },
    (request, reply) => sendStep(request, reply, tickets, { type: 'waive-payment', ...request.body }),
  );
}
