import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { application } from '../../apps/waiting-room/app.ts';
import { defaultTimes } from '../../src/server/access/access-settings.ts';
import type { LiveMessage } from '../../src/server/index.ts';
import { GuardedClinic } from '../support/guarded-clinic.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Live connections of the real server: who sees what, and when it ends. Two processes on the same databases. */

let clinic: GuardedClinic;
let other: GuardedClinic;
beforeAll(async () => {
  clinic = await GuardedClinic.start();
  const shared = (url: string): TestDatabase => ({ url, drop: () => Promise.resolve() });
  const databases = [shared(clinic.urls.eventStoreUrl), shared(clinic.urls.readModelsUrl)] as const;
  other = await GuardedClinic.start({}, { databases });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await clinic[Symbol.asyncDispose]();
});

const socketPath = '/ws/waiting-room';
const streamPath = '/api/waiting-room/stream';

interface Listener {
  readonly views: Set<string>;
  readonly position: () => number;
  /** The code with which the connection was closed. */
  readonly closed: Promise<number>;
  close(): void;
}

async function listen(headers: Record<string, string>, query = ''): Promise<Listener> {
  const socket = new WebSocket(clinic.url.replace('http', 'ws') + socketPath + query, { headers });
  const views = new Set<string>();
  let position = -1;
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as LiveMessage;
    position = message.position;
    if (message.type === 'rows') views.add(message.view);
  });
  const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
  await once(socket, 'open');
  await expect.poll(() => position).toBeGreaterThanOrEqual(0);
  return { views, position: () => position, closed, close: () => socket.terminate() };
}

/** Resolves with the status; rejects with it when it is refused. */
function refusal(headers: Record<string, string>, query = ''): Promise<number> {
  const socket = new WebSocket(clinic.url.replace('http', 'ws') + socketPath + query, { headers });
  return new Promise((resolve, reject) => {
    socket.once('open', () => reject(new Error('It was opened.')));
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
      request.destroy();
    });
  });
}

async function signIn(role: string): Promise<{ token: string; accountId: string; headers: { authorization: string } }> {
  const { access } = clinic.gate;
  const userName = `live-${role}-${Math.random().toString(36).slice(2)}`;
  const person = { userName, displayName: userName, password: 'correct horse battery', roles: [role] };
  const { accountId } = await access.addAccount(person, { actor: 'test' });
  const signedIn = await access.signIn(userName, person.password, 'bearer', defaultTimes);
  const token = signedIn?.token ?? '';
  return { token, accountId, headers: { authorization: `Bearer ${token}` } };
}

async function arrive(queueId: string): Promise<number> {
  const body = { queueId, patientName: 'John Doe', consultationType: 'Cardiology' };
  const { json } = await clinic.ask('receptionist', '/api/waiting-room/check-in', { method: 'POST', body });
  return Number(json['position']);
}

describe('a live connection', () => {
  test('shows the views that the roles may see, now and for the time before', async () => {
    const before = await arrive('seen');
    const doctor = await listen(clinic.headersOf('doctor'));
    const operator = await listen(clinic.headersOf('operator'));
    await clinic.system.readModels.query('select 1', [], { minPosition: await arrive('seen') });
    await expect.poll(() => [...doctor.views].toSorted()).toEqual(['patients', 'queues']);
    await expect.poll(() => [...operator.views]).toEqual(['queues']);
    const late = await listen(clinic.headersOf('operator'), `?after=${before - 1}`);
    await expect.poll(() => [...late.views]).toEqual(['queues']);
    for (const listener of [doctor, operator, late]) listener.close();
  });

  test.each(['cookie', 'header'])(
    'opened by a %s is closed with 4401 when the sign-in ends, in this process',
    async (by) => {
      const { token, headers } = await signIn('doctor');
      const listener = await listen(headers);
      const stream = await fetch(clinic.url + streamPath, { headers });
      if (by === 'header') {
        await clinic.ask('anonymous', '/api/auth/sign-out', { method: 'POST', headers });
      } else {
        await clinic.gate.access.signOut(token);
      }
      expect(await listener.closed).toBe(4401);
      expect(await stream.text()).toContain('hello'); // it ends
      expect(await refusal(headers)).toBe(401);
    },
  );

  test('is closed when an administrator changes the roles in another process, and when a key is revoked there', async () => {
    const { accountId, headers } = await signIn('doctor');
    const listener = await listen(headers);
    const path = `/api/access/accounts/${accountId}`;
    await other.ask('administrator', path, { method: 'PUT', body: { roles: ['kiosk'] } });
    expect(await listener.closed).toBe(4401);
    expect(await refusal(headers)).toBe(401);

    const added = await clinic.gate.access.addApiKey(
      { name: 'screen', roles: ['doctor'], expiresAt: undefined },
      { actor: 'test' },
    );
    const byKey = await listen({ 'x-api-key': added.key });
    await other.ask('administrator', `/api/access/api-keys/${added.apiKey.keyId}`, { method: 'DELETE' });
    expect(await byKey.closed).toBe(4401);
  });

  test('is closed when the time of the sign-in is over, without anybody doing anything', async () => {
    const { accountId } = await signIn('doctor');
    const { access } = clinic.gate;
    const { userName } = (await access.listAccounts()).find((one) => one.accountId === accountId) ?? { userName: '' };
    const brief = { idleMs: 60_000, lifetimeMs: 1_500 };
    const signedIn = await access.signIn(userName, 'correct horse battery', 'bearer', brief);
    const listener = await listen({ authorization: `Bearer ${signedIn?.token}` });
    expect(await listener.closed).toBe(4401);
  });
});

describe('a ticket', () => {
  const ask = (headers: Record<string, string>) =>
    clinic.ask('anonymous', '/api/auth/live-ticket', { method: 'POST', headers });

  test('opens one connection, with the rights of who has asked for it, and ends with that sign-in', async () => {
    const { token, headers } = await signIn('operator');
    const { json } = await ask(headers);
    const query = `?ticket=${String(json['ticket'])}`;
    expect(Date.parse(String(json['expiresAt'])) - Date.now()).toBeLessThanOrEqual(30_000);
    const listener = await listen({}, query);
    expect(await refusal({}, query)).toBe(401);
    await arrive('by-ticket');
    await expect.poll(() => [...listener.views]).toEqual(['queues']);
    await clinic.gate.access.signOut(token);
    expect(await listener.closed).toBe(4401);
  });

  test('of a sign-in that has ended opens nothing, and no ticket opens anything but a live connection', async () => {
    const { token, headers } = await signIn('administrator');
    const first = String((await ask(headers)).json['ticket']);
    const elsewhere = await clinic.ask('anonymous', `/api/access/accounts?ticket=${first}`);
    expect(elsewhere.status).toBe(401);
    await clinic.gate.access.signOut(token);
    expect(await refusal({}, `?ticket=${first}`)).toBe(401);
    expect((await ask({})).status).toBe(401);
    expect(await refusal({}, '?ticket=mp_guess')).toBe(401);
  });
});

test('every feed of the application is in the table, view by view', () => {
  const views = application.live?.flatMap(({ name, views }) => views.map((view) => `feed:${name}/${view.name}`)) ?? [];
  expect(views.filter((view) => clinic.gate.policy.permissionOf(view) === undefined)).toEqual([]);
});
