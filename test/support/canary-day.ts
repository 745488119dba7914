import { WebSocket } from 'ws';
import { canaries } from './canaries.ts';
import type { GrpcClinic } from './grpc-clinic.ts';

const queueId = 'canary-queue';

/** What was answered, by where it may be seen. */
export interface Overheard {
  /** Problem details by HTTP, status and details by gRPC. */
  readonly refusals: string[];
  /** What is answered without a sign-in. */
  readonly publicly: string[];
  /** What staff see: there the canaries have to be, or the day was none. */
  readonly toStaff: string[];
}

interface Answered {
  readonly visitId: string;
  readonly position: number;
  readonly link: string;
}

/** The patients of the day. */
interface Arrived {
  readonly patient: { readonly [field: string]: string | undefined };
  readonly first: Answered;
  readonly second: string;
  readonly walkIn: Answered;
  readonly limited: Answered;
}

/**
 * A day at the clinic with canaries for patients, by HTTP, WebSocket, server-sent events and gRPC, and everything that can
 * be done wrong with them. Who listens, listens from the beginning.
 */
export class CanaryDay {
  readonly overheard: Overheard = { refusals: [], publicly: [], toStaff: [] };
  readonly #clinic: GrpcClinic;
  readonly #ends: (() => void)[] = [];
  /** The position of what was done last. */
  last = 0;

  constructor(clinic: GrpcClinic) {
    this.#clinic = clinic;
  }

  /** From the first listener to the last error. */
  async live(): Promise<void> {
    try {
      await this.#listen();
      await this.#setUp();
      const visits = await this.#arrivals();
      await this.#visits(visits);
      await this.#mistakes(visits);
      await this.#lookAround(visits);
    } finally {
      for (const end of this.#ends) end();
    }
  }

  async #ask(role: string, method: string, path: string, body?: object | string): Promise<string> {
    const answer = await fetch(this.#clinic.server.url + path, {
      method,
      headers: {
        ...this.#clinic.credentialsOf(role),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status >= 400) this.overheard.refusals.push(`${text} ${JSON.stringify([...answer.headers])}`);
    else if (role === 'anonymous' && !path.includes('sign-in')) this.overheard.publicly.push(text);
    else this.overheard.toStaff.push(text);
    return text;
  }

  /** Does something that has to succeed. */
  async #do(role: string, path: string, body: object, method = 'POST'): Promise<Answered> {
    const before = this.overheard.refusals.length;
    const text = await this.#ask(role, method, `/api/waiting-room/${path}`, body);
    if (this.overheard.refusals.length > before) throw new Error(`${path}: ${text}`);
    const answered = JSON.parse(text) as Answered;
    this.last = Math.max(this.last, answered.position);
    return answered;
  }

  async #listen(): Promise<void> {
    const { overheard } = this;
    const { server, client } = this.#clinic;
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/public-display`);
    socket.on('message', (data: Buffer) => overheard.publicly.push(data.toString()));
    const staff = new WebSocket(`${server.url.replace('http', 'ws')}/ws/waiting-room`, {
      headers: this.#clinic.credentialsOf('doctor'),
    });
    staff.on('message', (data: Buffer) => overheard.toStaff.push(data.toString()));
    await Promise.all([socket, staff].map((one) => new Promise((resolve) => one.once('open', resolve))));
    const forAll = client.watch('WatchPublicDisplay', {});
    forAll.on('data', (message: object) => overheard.publicly.push(JSON.stringify(message)));
    forAll.on('error', () => undefined);
    const forStaff = client.watch('WatchWaitingRoom', {}, this.#clinic.credentialsOf('doctor'));
    forStaff.on('data', (message: object) => overheard.toStaff.push(JSON.stringify(message)));
    forStaff.on('error', () => undefined);
    const stop = this.#follow('/api/public/stream');
    this.#ends.push(
      () => socket.terminate(),
      () => staff.terminate(),
      () => forAll.cancel(),
      () => forStaff.cancel(),
      stop,
    );
  }

  /** Hears public server-sent events until it is told to stop. */
  #follow(path: string): () => void {
    const stop = new AbortController();
    const hear = async () => {
      const answer = await fetch(this.#clinic.server.url + path, { signal: stop.signal });
      for await (const text of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        this.overheard.publicly.push(text);
      }
    };
    hear().catch(() => undefined);
    return () => stop.abort();
  }

  async #setUp(): Promise<void> {
    const stages = { triage: true, cashier: true };
    await this.#do('supervisor', `queues/${queueId}`, { queueName: 'Canary', stages }, 'PUT');
    await this.#do('supervisor', 'queues/limited-queue', { maxCapacity: 1 }, 'PUT');
    const staffName = canaries.staffName;
    await this.#do('doctor', 'rooms/room-1/staff', { staffName, staffId: 'staff-1' }, 'PUT');
    await this.#do('cashier', 'desks/desk-1/staff', { staffName }, 'PUT');
    await this.#ask('administrator', 'POST', '/api/access/accounts', {
      userName: 'staff.1',
      displayName: staffName,
      password: 'correct horse battery staple',
      roles: ['doctor'],
    });
    await this.#ask('anonymous', 'POST', '/api/auth/sign-in', {
      userName: 'staff.1',
      password: 'correct horse battery staple',
    });
  }

  async #arrivals(): Promise<Arrived> {
    const patient = {
      queueId,
      patientName: canaries.name,
      patientId: canaries.patientId,
      consultationType: canaries.speciality,
      notes: canaries.notes,
    };
    const first = await this.#do('receptionist', 'check-in', patient);
    const { reply } = await this.#clinic.client.call(
      'CheckIn',
      { ...patient, patientName: canaries.otherName, patientId: canaries.otherId },
      { ...this.#clinic.credentialsOf('kiosk'), 'idempotency-key': 'canary-key' },
    );
    this.overheard.toStaff.push(JSON.stringify(reply));
    const walkIn = await this.#do('kiosk', 'check-in', { ...patient, patientId: undefined });
    const limited = await this.#do('kiosk', 'check-in', { ...patient, queueId: 'limited-queue' });
    this.#ends.push(this.#follow(`/api/public/visits/${first.link.replace('/v/', '')}/stream`));
    return { patient, first, second: String(reply['visitId']), walkIn, limited };
  }

  async #visits({ first, second, walkIn, limited }: Arrived): Promise<void> {
    const [a, b, c] = [first.visitId, second, walkIn.visitId];
    const priority = 'High';
    for (const visitId of [a, b, c]) await this.#do('triage-nurse', 'record-triage', { visitId, priority: 'low' });
    await this.#do('triage-nurse', 'change-priority', { visitId: a, priority, reason: canaries.priorityReason });
    await this.#do('cashier', 'call-patient-to-desk', { visitId: a, deskId: 'desk-1' });
    await this.#do('cashier', 'waive-payment', { visitId: a, reason: canaries.waiveReason });
    await this.#do('doctor', 'call-patient', { visitId: a, roomId: 'room-1' });
    await this.#do('doctor', 'recall', { visitId: a });
    await this.#do('doctor', 'start-consultation', { visitId: a });
    await this.#do('doctor', 'complete-attention', { visitId: a });
    await this.#do('receptionist', 'cancel', { visitId: b, reason: canaries.cancelReason });
    await this.#do('cashier', 'call-patient-to-desk', { visitId: c, deskId: 'desk-1' });
    await this.#do('cashier', 'validate-payment', { visitId: c });
    await this.#do('receptionist', 'identify', {
      visitId: c,
      patientId: canaries.otherId,
      patientName: canaries.otherName,
    });
    await this.#do('receptionist', 'transfer', { visitId: c, toQueueId: 'other-queue' });
    await this.#do('doctor', 'call-patient', { visitId: c, roomId: 'room-2' });
    await this.#do('doctor', 'no-show', { visitId: c });
    await this.#do('receptionist', 'return', { visitId: c });
    await this.#do('receptionist', 'leave', { visitId: limited.visitId });
  }

  /** What people do wrong, with names where none belong as well. */
  async #mistakes({ patient, first }: Arrived): Promise<void> {
    const path = '/api/waiting-room/check-in';
    const ask = (body: object | string) => this.#ask('receptionist', 'POST', path, body);
    await ask({ ...patient, queueId: 'limited-queue', patientId: canaries.otherId });
    await ask({ ...patient, queueId: 'limited-queue', patientId: canaries.otherId });
    await ask({ ...patient, patientName: `${canaries.name} ${'x'.repeat(200)}` });
    await ask({ ...patient, patientId: `${canaries.patientId} with spaces` });
    await ask({ ...patient, priority: canaries.notes });
    await ask({ ...patient, notes: { text: canaries.notes } });
    await ask([patient]);
    await ask(JSON.stringify(patient).replace('}', ''));
    await ask(canaries.name);
    await ask({ ...patient, notes: `${canaries.notes}\0` });
    await ask({ ...patient, notes: canaries.notes.repeat(4_000) });
    await ask({ ...patient, queueId: 'twice' });
    await ask({ ...patient, queueId: 'twice' });
    await ask({ ...patient, queueId: 'twice', patientName: canaries.otherName });
    await this.#ask('receptionist', 'POST', '/api/waiting-room/cancel', {
      visitId: first.visitId,
      reason: canaries.cancelReason,
    });
    await this.#ask('kiosk', 'POST', '/api/waiting-room/cancel', {
      visitId: canaries.patientId,
      reason: canaries.notes,
    });
    await this.#ask('anonymous', 'POST', path, patient);
    await this.#ask('anonymous', 'POST', '/api/auth/sign-in', {
      userName: canaries.staffName,
      password: canaries.notes,
    });
    await this.#ask('operator', 'POST', '/api/test/defect', { as: canaries.name });
    await this.#ask('operator', 'POST', '/api/test/query', { as: canaries.name });
    // Names in addresses, where nobody has asked for them.
    const inUrl = encodeURIComponent(canaries.name);
    await this.#ask('operator', 'GET', `/api/events/${inUrl}`);
    await this.#ask('doctor', 'GET', `/api/waiting-room/queues/${inUrl}/patients?status=${inUrl}`);
    await this.#ask('doctor', 'GET', `/api/v1/waiting-room/${canaries.patientId}/monitor`);
    await this.#ask('doctor', 'GET', `/nowhere/${inUrl}?name=${inUrl}`);
    await this.#ask('anonymous', 'GET', `/api/public/visits/${inUrl}`);
    const { client } = this.#clinic;
    const receptionist = this.#clinic.credentialsOf('receptionist');
    for (const [method, request, metadata] of [
      ['CheckIn', { ...patient, queueId: 'twice' }, receptionist],
      ['CheckIn', { ...patient, priority: canaries.notes }, receptionist],
      ['CheckIn', patient, {}],
      ['CheckIn', { ...patient, notes: canaries.notes.repeat(4_000) }, receptionist],
      ['Cancel', { visitId: canaries.patientId, reason: canaries.cancelReason }, receptionist],
      ['GetQueueMonitor', { queueId: canaries.patientId }, this.#clinic.credentialsOf('doctor')],
    ] as const) {
      const { status, message, details, metadata: trailers } = await client.failure(method, request, metadata);
      this.overheard.refusals.push(`${method} ${JSON.stringify({ status, message, details })}`);
      this.overheard.refusals.push(`${method} ${JSON.stringify(trailers.toHttp2Headers())}`);
    }
  }

  async #lookAround({ first }: Arrived): Promise<void> {
    const token = first.link.replace('/v/', '');
    const behind = `minPosition=${this.last}`;
    await this.#ask('doctor', 'GET', `/api/waiting-room/monitor?${behind}`);
    await this.#ask('doctor', 'GET', `/api/waiting-room/visits/${first.visitId}?${behind}`);
    await this.#ask('receptionist', 'POST', '/api/waiting-room/find-patients', { patientName: canaries.name });
    await this.#ask('anonymous', 'GET', `/api/public/visits/${token}?${behind}`);
    for (const path of ['displays/main', 'sites', 'queues']) await this.#ask('anonymous', 'GET', `/api/public/${path}`);
    for (const path of ['/health', '/metrics', '/api/auth/me', '/openapi.json']) {
      await this.#ask('anonymous', 'GET', path);
    }
    // Figures for who watches the system, who is not to hear of anybody.
    for (const path of ['metrics/lag', 'metrics/lag/recent', 'metrics/lag/slowest', 'projections/health']) {
      this.overheard.publicly.push(await this.#ask('operator', 'GET', `/api/${path}`));
    }
    this.overheard.publicly.push(await this.#ask('operator', 'GET', '/api/waiting-room/queues'));
  }
}
