import type { GrpcDefinition, GrpcMethod } from '#millrace/server';

const service = 'millrace.waiting_room.v1.WaitingRoom';

/** Methods and their routes; the comments of the .proto file say what they do. */
const routes: { readonly [method: string]: string | GrpcMethod } = {
  CheckIn: 'POST /api/waiting-room/check-in',

  RecordTriage: 'POST /api/waiting-room/record-triage',
  CallNextToDesk: 'POST /api/waiting-room/call-next-to-desk',
  CallPatientToDesk: 'POST /api/waiting-room/call-patient-to-desk',
  ValidatePayment: 'POST /api/waiting-room/validate-payment',
  MarkPaymentPending: 'POST /api/waiting-room/mark-payment-pending',
  MarkAbsentAtCashier: 'POST /api/waiting-room/mark-absent-at-cashier',
  CancelByPayment: 'POST /api/waiting-room/cancel-by-payment',
  WaivePayment: 'POST /api/waiting-room/waive-payment',

  CallNext: 'POST /api/waiting-room/call-next',
  CallPatient: 'POST /api/waiting-room/call-patient',
  StartConsultation: 'POST /api/waiting-room/start-consultation',
  CompleteAttention: 'POST /api/waiting-room/complete-attention',
  NoShow: 'POST /api/waiting-room/no-show',
  MarkAbsentAtConsultation: 'POST /api/waiting-room/mark-absent-at-consultation',

  Recall: 'POST /api/waiting-room/recall',
  UndoCall: 'POST /api/waiting-room/undo-call',
  Park: 'POST /api/waiting-room/park',
  Resume: 'POST /api/waiting-room/resume',
  Leave: 'POST /api/waiting-room/leave',
  Cancel: 'POST /api/waiting-room/cancel',
  ChangePriority: 'POST /api/waiting-room/change-priority',
  Return: 'POST /api/waiting-room/return',
  Transfer: 'POST /api/waiting-room/transfer',
  Identify: 'POST /api/waiting-room/identify',

  FindPatients: 'POST /api/waiting-room/find-patients',
  GetVisit: 'GET /api/waiting-room/visits/:visitId',
  GetVisitLink: 'GET /api/waiting-room/visits/:visitId/link',

  ListSites: 'GET /api/waiting-room/sites',
  ConfigureSite: {
    route: 'PUT /api/waiting-room/sites/:siteId',
    nulls: { neverCloses: 'closesAt', neverOpens: 'opensAt' },
  },
  ConfigureQueue: {
    route: 'PUT /api/waiting-room/queues/:queueId',
    nulls: { noMaxCapacity: 'maxCapacity', noCallTimeout: 'callTimeoutMinutes' },
  },
  SetQueueState: 'POST /api/waiting-room/queues/:queueId/state',
  ListQueues: { route: 'GET /api/waiting-room/queues', list: 'queues' },
  ListPatients: { route: 'GET /api/waiting-room/queues/:queueId/patients', list: 'patients' },
  GetMonitor: 'GET /api/waiting-room/monitor',
  GetQueueMonitor: 'GET /api/v1/waiting-room/:queueId/monitor',
  ConfigureRoom: 'PUT /api/waiting-room/rooms/:roomId',
  ConfigureDesk: 'PUT /api/waiting-room/desks/:deskId',
  SetRoomStaff: { route: 'PUT /api/waiting-room/rooms/:roomId/staff', nulls: { nobody: 'staffName' } },
  SetDeskStaff: { route: 'PUT /api/waiting-room/desks/:deskId/staff', nulls: { nobody: 'staffName' } },
  ListRooms: { route: 'GET /api/waiting-room/rooms', list: 'rooms' },
  ListDesks: { route: 'GET /api/waiting-room/desks', list: 'desks' },
  GetAnalytics: 'GET /api/waiting-room/analytics',
  GetAnalyticsSummary: 'GET /api/waiting-room/analytics/summary',

  GetPublicDisplay: 'GET /api/public/displays/:siteId',
  ListPublicSites: { route: 'GET /api/public/sites', list: 'sites' },
  ListPublicQueues: { route: 'GET /api/public/queues', list: 'queues' },
  GetPublicVisit: 'GET /api/public/visits/:token',
};

/** The waiting room by gRPC. */
export const waitingRoomGrpc: GrpcDefinition = {
  protos: [new URL('../../proto/waiting-room/v1/waiting_room.proto', import.meta.url)],
  methods: Object.fromEntries(
    Object.entries(routes).map(([method, route]) => [
      `${service}/${method}`,
      typeof route === 'string' ? { route } : route,
    ]),
  ),
  streams: {
    [`${service}/WatchWaitingRoom`]: { feed: 'waiting-room' },
    [`${service}/WatchPublicDisplay`]: { feed: 'public-display' },
  },
  alreadyExists: ['PATIENT_ALREADY_WAITING'],
};
