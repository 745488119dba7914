import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clinicAccess } from '../../apps/waiting-room/access.ts';
import { application } from '../../apps/waiting-room/app.ts';
import { mayUse } from '../../src/access/policy.ts';
import { startServer } from '../../src/server/index.ts';
import { counterApplication } from '../support/counter-application.ts';
import { fakeSystem } from '../support/fake-system.ts';
import { GrpcClinic } from '../support/grpc-clinic.ts';
import { GrpcClient, loadForClient } from '../support/grpc-client.ts';
import { everybody, principalWith } from '../support/guarded-clinic.ts';

/** Every role and nobody, at every method of the running server: the same table as for HTTP. */

let clinic: GrpcClinic;
beforeAll(async () => {
  clinic = await GrpcClinic.start('required');
});
afterAll(() => clinic.stop());

const { permissions } = clinicAccess;
const grpc = application.grpc ?? { protos: [], methods: {}, streams: {} };
/** In a path, something has to stand before the route is found. */
const parameters = { queueId: 'q', roomId: 'r', siteId: 's', deskId: 'd', visitId: 'v', token: 't' };

/** A status, and the code behind it when the call was refused by access control. */
function refusedAs(code: number, reason: string): string {
  const name = status[code] ?? '';
  return name === 'UNAUTHENTICATED' || name === 'PERMISSION_DENIED' ? `${name} ${reason}` : 'in';
}
const expected = (role: string, allowed: boolean) =>
  allowed ? 'in' : role === 'anonymous' ? 'UNAUTHENTICATED AUTH_REQUIRED' : 'PERMISSION_DENIED AUTH_ROLE_FORBIDDEN';

describe('at every method', () => {
  test.each(everybody)('%s comes in where the table says so, and nowhere else', async (role) => {
    const wrong: string[] = [];
    for (const [name, { route }] of Object.entries(grpc.methods)) {
      const method = name.split('/')[1] ?? '';
      const given = Object.entries(parameters).filter(([parameter]) => route.includes(`:${parameter}`));
      const outcome = await clinic.client.call(method, Object.fromEntries(given), clinic.credentialsOf(role)).then(
        () => 'in',
        async () => {
          const failure = await clinic.client.failure(method, Object.fromEntries(given), clinic.credentialsOf(role));
          return refusedAs(failure.status, failure.reason);
        },
      );
      const should = expected(role, mayUse(principalWith(role), permissions[route]));
      if (outcome !== should) wrong.push(`${method}: ${outcome}, not ${should}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('at every live stream', () => {
  test.each(everybody)('%s hears the views that the table allows, and no other', async (role) => {
    for (const [name, { feed }] of Object.entries(grpc.streams ?? {})) {
      const views = application.live?.find((one) => one.name === feed)?.views ?? [];
      const allowed = views
        .map((view) => view.name)
        .filter((view) => mayUse(principalWith(role), permissions[`feed:${feed}/${view}`]));
      const stream = clinic.client.watch(name.split('/')[1] ?? '', {}, clinic.credentialsOf(role));
      const heard = new Set<string>();
      stream.on('data', (message: object) => {
        for (const field of Object.keys(message)) heard.add(field);
      });
      const ended = new Promise<number>((resolve) => {
        stream.once('error', (error: Error & { code: number }) => resolve(error.code));
      });
      if (allowed.length === 0) {
        const code = await ended;
        expect(code, name).toBe(role === 'anonymous' ? status.UNAUTHENTICATED : status.PERMISSION_DENIED);
        continue;
      }
      await expect.poll(() => [...heard]).toContain('hello');
      if (feed === 'waiting-room') {
        const body = { queueId: 'q', patientName: 'Ana Doe', consultationType: 'General' };
        await clinic.client.call('CheckIn', body, clinic.credentialsOf('receptionist'));
        await expect.poll(() => [...heard]).toContain(allowed[0]);
        expect([...heard].filter((field) => views.some((view) => view.name === field)).toSorted()).toEqual(
          allowed.toSorted(),
        );
      }
      stream.cancel();
    }
  });

  test('ends when the key behind it is taken away', async () => {
    const added = await clinic.system.access?.addApiKey(
      { name: 'short', roles: ['doctor'], expiresAt: undefined },
      { actor: 'test' },
    );
    const stream = clinic.client.watch('WatchWaitingRoom', {}, { authorization: `Bearer ${added?.key ?? ''}` });
    const heard: object[] = [];
    stream.on('data', (message: object) => heard.push(message));
    const ended = new Promise<number>((resolve) => {
      stream.once('error', (error: Error & { code: number }) => resolve(error.code));
    });
    await expect.poll(() => heard.length).toBeGreaterThan(0);
    await clinic.system.access?.revokeApiKey(added?.apiKey.keyId ?? '', { actor: 'test' });
    expect(await ended).toBe(status.UNAUTHENTICATED);
  });
});

test('who called stands in the event', async () => {
  const body = { queueId: 'who', patientName: 'Ana Doe', consultationType: 'General' };
  const { reply } = await clinic.client.call('CheckIn', body, clinic.credentialsOf('kiosk'));
  const [event] = await clinic.system.log.query([{ stream: String(reply['visitId']) }]);
  expect(event?.metadata).toMatch(/"actor":"api-key:/);
});

describe('with a certificate', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-tls-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const proto = fileURLToPath(new URL('../support/counters.proto', import.meta.url));

  test('calls are encrypted, and a client that does not speak TLS gets nothing', async ({ skip }) => {
    const file = (name: string) => path.join(folder, name);
    try {
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
          ...['-keyout', file('key'), '-out', file('crt'), '-subj', '/CN=localhost'],
          ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
        ],
        { stdio: 'ignore' },
      );
    } catch {
      skip('openssl is not installed here');
    }
    const tls = { certificate: readFileSync(file('crt')), key: readFileSync(file('key')) };
    const system = fakeSystem(counterApplication.system);
    const options = { host: '127.0.0.1', port: 0, grpc: { port: 0, tls } } as const;
    const server = await startServer(counterApplication, system, options);
    const name = 'tests.counters.v1.Counters';
    const clientWith = (how?: ReturnType<typeof credentials.createSsl>) =>
      new GrpcClient((server.grpc ?? '').replace('127.0.0.1', 'localhost'), loadForClient(proto), name, how);
    const [encrypted, plain] = [clientWith(credentials.createSsl(tls.certificate)), clientWith()];
    try {
      expect((await encrypted.call('Count', { id: 'a', by: 1 })).reply).toMatchObject({ events: 1 });
      expect(await plain.failure('Count', { id: 'a', by: 1 })).toMatchObject({ status: status.UNAVAILABLE });
    } finally {
      encrypted.close();
      plain.close();
      await server.stop();
    }
  });
});
