/** Everybody who works at the clinic, and the screens and devices that stand there. */
export const roles = [
  'receptionist',
  'kiosk',
  'triage-nurse',
  'cashier',
  'doctor',
  'supervisor',
  'operator',
  'administrator',
  'display',
] as const;
export type ClinicRole = (typeof roles)[number];

/** Typed, so that a misspelled role is found before the start. */
const to = (...allowed: readonly ClinicRole[]) => allowed;

/** Who has patients in front of them. They see names; kiosks and displays do not. */
export const staff = to('receptionist', 'triage-nurse', 'cashier', 'doctor', 'supervisor');
const arrivals = to('receptionist', 'kiosk', 'supervisor');
const reception = to('receptionist', 'supervisor');
const triage = to('triage-nurse', 'supervisor');
const desk = to('cashier', 'supervisor');
const room = to('doctor', 'supervisor');
/** Who may have called, and may call again or take it back. */
const callers = to('cashier', 'doctor', 'supervisor');
const supervision = to('supervisor');
/** Who sets the clinic up. */
const setUp = to('supervisor', 'administrator');

export const permissions = {
  // Arriving and leaving
  'POST /api/waiting-room/check-in': arrivals,
  'POST /api/reception/register': arrivals,
  'POST /api/waiting-room/cancel': reception,
  'POST /api/waiting-room/leave': reception,
  'POST /api/waiting-room/return': reception,
  'POST /api/waiting-room/transfer': to('receptionist', 'triage-nurse', 'doctor', 'supervisor'),

  // Triage
  'POST /api/waiting-room/record-triage': triage,
  'POST /api/waiting-room/change-priority': to('receptionist', 'triage-nurse', 'supervisor'),

  // The cashier's desk
  'POST /api/waiting-room/call-next-to-desk': desk,
  'POST /api/waiting-room/call-patient-to-desk': desk,
  'POST /api/waiting-room/validate-payment': desk,
  'POST /api/waiting-room/mark-payment-pending': desk,
  'POST /api/waiting-room/mark-absent-at-cashier': desk,
  'POST /api/waiting-room/cancel-by-payment': desk,
  'POST /api/waiting-room/waive-payment': desk,
  'POST /api/cashier/call-next': desk,
  'POST /api/cashier/validate-payment': desk,
  'POST /api/cashier/mark-payment-pending': desk,
  'POST /api/cashier/mark-absent': desk,
  'POST /api/cashier/cancel-payment': desk,

  // Calling, from a desk or a room
  'POST /api/waiting-room/recall': callers,
  'POST /api/waiting-room/undo-call': callers,

  // The doctor's room
  'POST /api/waiting-room/call-next': room,
  'POST /api/waiting-room/claim-next': room,
  'POST /api/waiting-room/call-patient': room,
  'POST /api/waiting-room/start-consultation': room,
  'POST /api/waiting-room/complete-attention': room,
  'POST /api/waiting-room/no-show': room,
  'POST /api/waiting-room/mark-absent-at-consultation': room,
  'POST /api/waiting-room/park': room,
  'POST /api/waiting-room/resume': to('receptionist', 'doctor', 'supervisor'),
  'POST /api/medical/call-next': room,
  'POST /api/medical/start-consultation': room,
  'POST /api/medical/finish-consultation': room,
  'POST /api/medical/mark-absent': room,
  'POST /api/medical/consulting-room/activate': room,
  'POST /api/medical/consulting-room/deactivate': room,

  // Queues and rooms
  'PUT /api/waiting-room/queues/:queueId': setUp,
  'PUT /api/waiting-room/queues/:queueId/state': supervision,
  'PUT /api/waiting-room/rooms/:roomId': to('doctor', 'supervisor', 'administrator'),

  // Looking. Lists and monitors carry names.
  'GET /api/waiting-room/queues': to(...staff, 'administrator', 'operator'),
  'GET /api/waiting-room/queues/:queueId/patients': staff,
  'GET /api/waiting-room/monitor': staff,
  'GET /api/v1/waiting-room/:queueId/monitor': staff,
  'GET /api/waiting-room/rooms': to(...staff, 'administrator'),
  'GET /api/waiting-room/desks': to(...staff, 'administrator'),
  'GET /api/waiting-room/analytics': to('supervisor', 'administrator', 'operator'),
  'GET /api/v1/waiting-room/:queueId/queue-state': staff,
  'GET /api/v1/waiting-room/:queueId/next-turn': staff,
  'GET /api/v1/waiting-room/:queueId/recent-history': staff,
  // Tickets and where to go, and nothing about anybody.
  'GET /api/v1/waiting-room/:queueId/public-display': 'public',
  'GET /api/v1/operations/dashboard': to('supervisor', 'administrator', 'operator'),
  'GET /api/v1/audit/timeline/:correlationId': to('supervisor', 'administrator', 'operator'),
  'GET /api/patient-trajectories': staff,
  'GET /api/patient-trajectories/:trajectoryId': staff,
  'POST /api/patient-trajectories/rebuild': to('operator', 'administrator'),
  'POST /api/v1/waiting-room/:queueId/rebuild': to('operator', 'administrator'),
  'GET /openapi/v1.json': 'public',
  'POST /api/staff/auth/login': 'public',
  'POST /api/staff/users/register': to('administrator'),
  'POST /api/staff/users/change-role': to('administrator'),
  'POST /api/staff/users/change-status': to('administrator'),
  'GET /api/waiting-room/analytics/summary': to('supervisor', 'administrator', 'operator'),
  'feed:waiting-room/queues': to(...staff, 'administrator', 'operator'),
  'feed:waiting-room/patients': staff,
  'POST /api/waiting-room/identify': to('receptionist', 'triage-nurse', 'supervisor'),
  'PUT /api/waiting-room/rooms/:roomId/staff': to('doctor', 'supervisor', 'administrator'),
  'PUT /api/waiting-room/desks/:deskId/staff': to('cashier', 'supervisor', 'administrator'),
  'GET /api/waiting-room/sites': to(...staff, 'administrator', 'operator', 'kiosk'),
  'PUT /api/waiting-room/sites/:siteId': setUp,
  'PUT /api/waiting-room/desks/:deskId': to('cashier', 'supervisor', 'administrator'),
  'POST /api/waiting-room/queues/:queueId/state': supervision,
  'POST /api/waiting-room/find-patients': reception,
  'GET /api/waiting-room/visits/:visitId': staff,
  'GET /api/waiting-room/visits/:visitId/link': reception,
  // Without names, ids or what somebody came for.
  'GET /api/public/sites': 'public',
  'GET /api/public/queues': 'public',
  'GET /api/public/displays/:siteId': 'public',
  'GET /api/public/visits/:token': 'public',
  'GET /api/public/visits/:token/stream': 'public',
  'feed:public-display/calls': 'public',
  'feed:public-display/lines': 'public',
} satisfies { readonly [entry: string]: readonly ClinicRole[] | 'public' };

/**
 * Who may use what of the waiting room: the one table for its routes, its live views and what stands in front of them. The
 * screens read it as well, so that they offer nobody what the server would refuse; therefore nothing is imported here.
 */
export const clinicAccess: {
  readonly roles: readonly ClinicRole[];
  readonly observers: readonly ClinicRole[];
  readonly operators: readonly ClinicRole[];
  readonly administrators: readonly ClinicRole[];
  readonly permissions: { readonly [entry: string]: readonly ClinicRole[] | 'public' };
} = {
  roles,
  observers: to('supervisor', 'operator', 'administrator'),
  operators: to('operator', 'administrator'),
  administrators: to('administrator'),
  permissions,
};
