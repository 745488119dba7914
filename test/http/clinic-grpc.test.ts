import { status } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { application } from '../../apps/waiting-room/app.ts';
import { messageIn } from '../../src/server/grpc/protos.ts';
import { platformPermissions } from '../../src/server/access/platform-permissions.ts';
import { clinicService, GrpcClinic } from '../support/grpc-clinic.ts';
import { GrpcClient, loadForClient } from '../support/grpc-client.ts';
import { RouteShapes } from '../support/route-shapes.ts';

let clinic: GrpcClinic;
beforeAll(async () => {
  clinic = await GrpcClinic.start('demo');
});
afterAll(() => clinic.stop());

const grpc = application.grpc ?? { protos: [], methods: {}, streams: {} };
const checkIn = (patientName: string, queueId: string, more: object = {}) =>
  clinic.client.call('CheckIn', { queueId, patientName, consultationType: 'General', ...more });

/** Routes of the clinic that no method stands for, and why. */
const withoutMethod: { readonly [route: string]: string } = {
  'POST /api/reception/register': 'CheckIn under the name of the department',
  'POST /api/cashier/call-next': 'CallNextToDesk under the name of the department',
  'POST /api/cashier/validate-payment': 'ValidatePayment under the name of the department',
  'POST /api/cashier/mark-payment-pending': 'MarkPaymentPending under the name of the department',
  'POST /api/cashier/mark-absent': 'MarkAbsentAtCashier under the name of the department',
  'POST /api/cashier/cancel-payment': 'CancelByPayment under the name of the department',
  'POST /api/waiting-room/claim-next': 'CallNext under its name in the seed documents',
  'POST /api/medical/call-next': 'CallNext under the name of the department',
  'POST /api/medical/start-consultation': 'StartConsultation under the name of the department',
  'POST /api/medical/finish-consultation': 'CompleteAttention under the name of the department',
  'POST /api/medical/mark-absent': 'MarkAbsentAtConsultation under the name of the department',
  'PUT /api/waiting-room/queues/:queueId/state': 'SetQueueState, which is the POST of the same name',
  'GET /api/public/visits/:token/stream':
    'for the page on a phone; GetPublicVisit with WatchPublicDisplay tells the same',
  // The names of older waiting rooms are for those who call them by HTTP already; each answers what another route does.
  ...Object.fromEntries(
    [
      'GET /api/patient-trajectories',
      'GET /api/patient-trajectories/:trajectoryId',
      'POST /api/patient-trajectories/rebuild',
      'GET /api/v1/audit/timeline/:correlationId',
      'GET /api/v1/operations/dashboard',
      'GET /api/v1/waiting-room/:queueId/next-turn',
      'GET /api/v1/waiting-room/:queueId/public-display',
      'GET /api/v1/waiting-room/:queueId/queue-state',
      'GET /api/v1/waiting-room/:queueId/recent-history',
      'POST /api/v1/waiting-room/:queueId/rebuild',
      'GET /openapi/v1.json',
      'POST /api/staff/auth/login',
      'POST /api/staff/users/register',
      'POST /api/staff/users/change-role',
      'POST /api/staff/users/change-status',
    ].map((route) => [route, 'an older name']),
  ),
  'POST /api/medical/consulting-room/activate': 'ConfigureRoom with active: true',
  'POST /api/medical/consulting-room/deactivate': 'ConfigureRoom with active: false',
};

describe('the methods', () => {
  test('are the routes of the clinic, each once, but for those with a reason', async () => {
    const routes = await RouteShapes.of(clinic.server.url);
    const feeds = new Set(application.live?.map(({ ssePath }) => `GET ${ssePath}`));
    const ofClinic = routes.names.filter((name) => !(name in platformPermissions) && !feeds.has(name));
    const methods = Object.values(grpc.methods).map(({ route }) => route);
    expect(ofClinic.length).toBeGreaterThan(30);
    expect([...methods, ...Object.keys(withoutMethod)].toSorted()).toEqual(ofClinic.toSorted());
    const streamed = Object.values(grpc.streams ?? {}).map(({ feed }) => feed);
    expect(streamed.toSorted()).toEqual(application.live?.map(({ name }) => name).toSorted());
  });

  test('take and answer what their routes do, field by field', async () => {
    const routes = await RouteShapes.of(clinic.server.url);
    expect(routes.differences(grpc)).toEqual([]);
  });
});

describe('a visit by gRPC', () => {
  test('S305: goes its way, and HTTP sees the same', async () => {
    const { reply } = await checkIn('Ana Doe', 'way', { priority: 'high' });
    expect(reply).toMatchObject({ queueId: 'way', priority: 'High', status: 'WAITING' });
    const { visitId, position } = reply;
    const list = await clinic.client.call('ListPatients', { queueId: 'way', minPosition: position });
    expect(list.reply).toMatchObject({ patients: [{ visitId, patientName: 'Ana Doe', positionInQueue: 1 }] });
    const called = await clinic.client.call('CallNext', { queueId: 'way', roomId: 'r-1' });
    expect(called.reply).toMatchObject({ visitId, status: 'CALLED', roomId: 'r-1' });
    expect(called.reply).not.toHaveProperty('deskId');
    await clinic.client.call('StartConsultation', { visitId });
    const done = await clinic.client.call('CompleteAttention', { visitId });
    expect(done.reply).toMatchObject({ status: 'COMPLETED' });
    const over = `${clinic.server.url}/api/waiting-room/queues/way/patients?status=COMPLETED&minPosition=`;
    expect(await (await fetch(`${over}${String(done.reply['position'])}`)).json()).toMatchObject([{ visitId }]);
  });

  test('that HTTP has let in is not let in again by gRPC with the same key', async () => {
    const body = { queueId: 'both', patientName: 'Ana Doe', consultationType: 'General' };
    const first = await fetch(`${clinic.server.url}/api/waiting-room/check-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'both-ways' },
      body: JSON.stringify(body),
    });
    const { visitId } = (await first.json()) as { visitId: string };
    const { reply, metadata } = await clinic.client.call('CheckIn', body, { 'idempotency-key': 'both-ways' });
    expect(reply['visitId']).toBe(visitId);
    expect(metadata.get('idempotency-replayed')).toEqual(['true']);
  });

  test('takes a limit away, which JSON says with null', async () => {
    const limited = await clinic.client.call('ConfigureQueue', { queueId: 'limited', maxCapacity: 1 });
    expect(limited.reply).toMatchObject({ changed: true });
    await checkIn('Ana Doe', 'limited');
    const full = { queueId: 'limited', patientName: 'Ben Doe', consultationType: 'General' };
    expect(await clinic.client.failure('CheckIn', full)).toMatchObject({
      status: status.FAILED_PRECONDITION,
      reason: 'QUEUE_CAPACITY_REACHED',
    });
    await clinic.client.call('ConfigureQueue', { queueId: 'limited', noMaxCapacity: true });
    const { reply } = await checkIn('Ben Doe', 'limited');
    const queues = await clinic.client.call('ListQueues', { minPosition: reply['position'] });
    const found = JSON.stringify(queues.reply);
    expect(found).toContain('"queueId":"limited"');
    expect(found).not.toContain('maxCapacity');
  });

  test('of a patient who waits already is refused as ALREADY_EXISTS', async () => {
    await checkIn('Ana Doe', 'twice', { patientId: 'p-1' });
    const again = { queueId: 'twice', patientName: 'Ana Doe', consultationType: 'General', patientId: 'p-1' };
    expect(await clinic.client.failure('CheckIn', again)).toMatchObject({
      status: status.ALREADY_EXISTS,
      reason: 'PATIENT_ALREADY_WAITING',
    });
  });
});

const nowhere = 'visit-00000000-0000-4000-8000-000000000000';
describe('what HTTP refuses, gRPC refuses with the same code and for the same fields', () => {
  test.each<[method: string, route: string, request: Record<string, unknown>, status: number]>([
    ['CheckIn', 'POST /api/waiting-room/check-in', {}, status.INVALID_ARGUMENT],
    ['CheckIn', 'POST /api/waiting-room/check-in', { queueId: 'no spaces' }, status.INVALID_ARGUMENT],
    [
      'CheckIn',
      'POST /api/waiting-room/check-in',
      { queueId: 'q', patientName: ' ', consultationType: 'x', priority: 'soon' },
      status.INVALID_ARGUMENT,
    ],
    ['StartConsultation', 'POST /api/waiting-room/start-consultation', { visitId: nowhere }, status.NOT_FOUND],
    ['Park', 'POST /api/waiting-room/park', { visitId: 'visit-1' }, status.INVALID_ARGUMENT],
    ['CallNext', 'POST /api/waiting-room/call-next', { queueId: 'empty', roomId: 'r-9' }, status.FAILED_PRECONDITION],
    ['CallNextToDesk', 'POST /api/waiting-room/call-next-to-desk', { queueId: 'empty' }, status.INVALID_ARGUMENT],
    ['Cancel', 'POST /api/waiting-room/cancel', { visitId: nowhere, reason: '  ' }, status.INVALID_ARGUMENT],
    ['Cancel', 'POST /api/waiting-room/cancel', { visitId: nowhere, reason: 'why' }, status.NOT_FOUND],
    ['ConfigureQueue', 'PUT /api/waiting-room/queues/q', { maxCapacity: 0 }, status.INVALID_ARGUMENT],
    ['ConfigureRoom', 'PUT /api/waiting-room/rooms/r', { siteId: 'no spaces' }, status.INVALID_ARGUMENT],
    ['ListPatients', 'GET /api/waiting-room/queues/q/patients?limit=0', { limit: 0 }, status.INVALID_ARGUMENT],
    [
      'ListPatients',
      'GET /api/waiting-room/queues/q/patients?status=GONE',
      { status: 'GONE' },
      status.INVALID_ARGUMENT,
    ],
    ['GetQueueMonitor', 'GET /api/v1/waiting-room/unknown/monitor', { queueId: 'unknown' }, status.NOT_FOUND],
    ['GetAnalytics', 'GET /api/waiting-room/analytics?from=today', { from: 'today' }, status.INVALID_ARGUMENT],
  ])('%s %s %j', async (method, route, request, expected) => {
    const [httpMethod = '', path = ''] = route.split(' ');
    const inPath = /\/(queues|rooms)\/(\w)(\/|$)/.exec(path.split('?')[0] ?? '');
    const parameters = inPath === null ? {} : { [inPath[1] === 'rooms' ? 'roomId' : 'queueId']: inPath[2] };
    const answer = await fetch(clinic.server.url + path, {
      method: httpMethod,
      ...(httpMethod === 'GET'
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) }),
    });
    const problem = (await answer.json()) as { code: string; fields?: { field: string; problem: string }[] };
    const failure = await clinic.client.failure(method, { ...request, ...parameters });
    expect(failure.reason).toBe(problem.code);
    expect(failure.status).toBe(expected);
    const fields = problem.fields?.map(({ field, problem: description }) => ({ field, description }));
    // Text that is not given is empty for gRPC, and not there for JSON: both are refused for the same field.
    expect(failure.details['BadRequest'] ?? {}).toEqual(fields === undefined ? {} : { fieldViolations: fields });
  });
});

describe('live rows by gRPC', () => {
  async function listen(request: object) {
    const stream = clinic.client.watch('WatchWaitingRoom', request);
    const messages: { position: string; patients?: { rows: { visitId: string; patientName: string }[] } }[] = [];
    stream.on('data', (message: (typeof messages)[0]) => messages.push(message));
    stream.on('error', () => undefined);
    await expect.poll(() => messages.length).toBeGreaterThan(0);
    return { stream, messages };
  }
  const names = (messages: Awaited<ReturnType<typeof listen>>['messages']) =>
    messages.flatMap(({ patients }) => patients?.rows.map(({ patientName }) => patientName) ?? []);

  test('come as they change, and what was missed comes after a reconnect', async () => {
    const first = await listen({ queueId: 'live' });
    await checkIn('Ana Doe', 'live');
    await expect.poll(() => names(first.messages)).toEqual(['Ana Doe']);
    const seen = first.messages.at(-1)?.position;
    first.stream.cancel();
    await checkIn('Ben Doe', 'live');
    await checkIn('Cora Doe', 'elsewhere');
    const { reply } = await checkIn('Dan Doe', 'live');
    await clinic.client.call('ListQueues', { minPosition: reply['position'] });
    const second = await listen({ queueId: 'live', after: seen });
    await expect.poll(() => names(second.messages)).toEqual(['Ben Doe', 'Dan Doe']);
    await checkIn('Eva Doe', 'live');
    await expect.poll(() => names(second.messages)).toEqual(['Ben Doe', 'Dan Doe', 'Eva Doe']);
    second.stream.cancel();
  });
});

describe('a client that knows the address alone', () => {
  const reflection = fileURLToPath(
    import.meta.resolve('@grpc/reflection').replace('src/index.js', 'proto/grpc/reflection/v1/reflection.proto'),
  );

  /** Asks the reflection service, as tools such as grpcurl do. */
  async function reflect(request: object): Promise<Record<string, unknown>> {
    const client = new GrpcClient(clinic.address, loadForClient(reflection), 'grpc.reflection.v1.ServerReflection');
    try {
      return await client.exchange('ServerReflectionInfo', request);
    } finally {
      client.close();
    }
  }

  test('learns the services by reflection, and calls one', async () => {
    expect(await reflect({ listServices: '*' })).toMatchObject({
      listServicesResponse: { service: expect.arrayContaining([{ name: clinicService }]) as unknown },
    });
    const { fileDescriptorResponse: files } = (await reflect({ fileContainingSymbol: clinicService })) as {
      fileDescriptorResponse: { fileDescriptorProto: Buffer[] };
    };
    const found = loadFileDescriptorSetFromBuffer(descriptorSet(files.fileDescriptorProto), { longs: String });
    const client = new GrpcClient(clinic.address, found, clinicService);
    // Names as they stand in the file.
    const request = { queue_id: 'reflected', patient_name: 'Ana Doe', consultation_type: 'General' };
    const { reply } = await client.call('CheckIn', request);
    expect(reply).toMatchObject({ queue_id: 'reflected', status: 'WAITING' });
    // Whether a field was given is told here, too.
    const room = await client.call('ConfigureRoom', { room_id: 'reflected', active: false });
    expect(room.reply).toMatchObject({ room_id: 'reflected', changed: true });
    client.close();
  });

  test('is told the entries of maps under the names that protoc gives them', async () => {
    const { fileDescriptorResponse: files } = (await reflect({ fileContainingSymbol: clinicService })) as {
      fileDescriptorResponse: { fileDescriptorProto: Buffer[] };
    };
    const descriptor = messageIn(loadSync('google/protobuf/descriptor.proto'), 'google.protobuf.FileDescriptorProto');
    const messages = files.fileDescriptorProto.flatMap((file) => {
      const { messageType = [] } = descriptor.deserialize(file) as { messageType?: { name: string }[] };
      return messageType;
    });
    expect(messages.find(({ name }) => name === 'TimelineEntry')).toMatchObject({
      field: expect.arrayContaining([
        expect.objectContaining({ name: 'details', typeName: 'DetailsEntry' }),
      ]) as unknown,
      nestedType: [{ name: 'DetailsEntry', options: { mapEntry: true } }],
    });
  });

  /** A FileDescriptorSet: its first field, repeated. */
  function descriptorSet(files: readonly Buffer[]): Buffer {
    return Buffer.concat(files.flatMap((file) => [Buffer.from([0x0a]), varint(file.length), file]));
  }

  function varint(value: number): Buffer {
    const bytes: number[] = [];
    for (let left = value; ; left >>>= 7) {
      if (left < 0x80) return Buffer.from([...bytes, left]);
      bytes.push((left & 0x7f) | 0x80);
    }
  }
});
