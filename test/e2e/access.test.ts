import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MillracePlace } from '../support/millrace-process.ts';

/** The way of an installation from nothing to its first administrator, with the command line that people use. */

const waitingRoom = fileURLToPath(new URL('../../apps/waiting-room/app.ts', import.meta.url));
const secret = 'of this test, and 32 characters long';

let place: MillracePlace;
beforeAll(async () => {
  place = await MillracePlace.make();
});
afterAll(() => place.remove());

const millrace = (...args: string[]) => place.run(...args, '--app', waitingRoom);

async function ask(path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: object } = {}) {
  const response = await fetch(place.url + path, {
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as { [name: string]: unknown } };
}

describe('an installation', () => {
  test.each([
    ['on an address that others reach', { HOST: '0.0.0.0' }, 'is not set'],
    ['that wants sign-in', { ACCESS_MODE: 'required' }, 'is not set'],
    ['that others reach, as a demonstration', { HOST: '0.0.0.0', ACCESS_MODE: 'demo' }, 'is not set'],
    ['with a short secret', { ACCESS_MODE: 'required', PATIENT_KEY_SECRET: 'short' }, 'is shorter'],
  ])('%s does not start without a secret of its own', async (_what, env, problem) => {
    const before = { ...place.env };
    Object.assign(place.env, env);
    const { code, err } = await millrace('start');
    for (const name of Object.keys(env)) delete place.env[name];
    Object.assign(place.env, before);
    expect(code).toBe(1);
    expect(err).toContain('SECRETS_MISSING PATIENT_KEY_SECRET');
    expect(err).toContain(problem);
    expect(err).not.toContain('short.');
  });

  // A dozen processes, one after the other, some of which start a PostgreSQL.
  test(
    'gets its first administrator on the command line, who signs in and makes keys; commands send one along',
    { timeout: 300_000 },
    async () => {
      Object.assign(place.env, { ACCESS_MODE: 'required', PATIENT_KEY_SECRET: secret });
      const added = await millrace('accounts', 'add', 'anna', '--role', 'administrator', '--reason', 'the first one');
      expect(added.code, added.err).toBe(0);
      const password = /^Password: (\S+)/m.exec(added.out)?.[1] ?? '';
      expect(password).toMatch(/^[0-9a-f]{5}(-[0-9a-f]{5}){5}$/);
      const child = place.spawn(process.execPath, [
        fileURLToPath(new URL('../../bin/millrace.js', import.meta.url)),
        'start',
        '--app',
        waitingRoom,
      ]);
      await place.ready(child);
      expect((await ask('/api/waiting-room/queues')).status).toBe(401);
      const signedIn = await ask('/api/auth/token', { body: { userName: 'Anna', password } });
      expect(signedIn.status, JSON.stringify(signedIn.json)).toBe(200);
      const headers = { authorization: `Bearer ${String(signedIn.json['token'])}` };
      const changes = await ask('/api/access/changes', { headers });
      expect(changes.json['changes']).toMatchObject([{ action: 'account-added', reason: 'the first one' }]);

      const refused = await place.run('dead-letters', 'list');
      expect(refused.err).toContain('AUTH_REQUIRED');
      const key = await millrace('api-keys', 'add', 'operations', '--role', 'operator', '--days', '1');
      expect(key.out).toMatch(/^mk_[\w-]{43}\n$/);
      place.env['MILLRACE_API_KEY'] = key.out.trim();
      expect((await place.run('dead-letters', 'list')).code).toBe(0);
      const listed = await millrace('api-keys', 'list', '--json');
      const { apiKeys } = JSON.parse(listed.out) as { apiKeys: { keyId: string }[] };
      expect((await millrace('api-keys', 'revoke', apiKeys[0]?.keyId ?? '')).code).toBe(0);
      await expect
        .poll(async () => (await place.run('dead-letters', 'list')).err, { timeout: 60_000 })
        .toContain('AUTH_INVALID_CREDENTIALS');

      const unknown = await millrace('accounts', 'add', 'bert', '--role', 'king');
      expect(unknown.err).toContain('roles must be some of receptionist');
      const last = await millrace('accounts', 'change', 'anna', '--deactivate');
      expect(last.err).toContain('ACCOUNT_LAST');
      await millrace('accounts', 'add', 'cleo', '--role', 'administrator');
      expect((await millrace('accounts', 'change', 'ANNA', '--deactivate')).out).toContain('deactivated');
      // Another process has revoked it: heard of at once, or found out within seconds.
      await expect
        .poll(async () => (await ask('/api/access/changes', { headers })).status, { timeout: 30_000 })
        .toBe(401);
      expect((await millrace('accounts', 'list')).out).toMatch(/anna +anna +administrator +deactivated/);

      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
      for (const hidden of [password, secret, key.out.trim(), headers.authorization.slice(7)]) {
        expect(child.output()).not.toContain(hidden);
      }
    },
  );

  test('needs PUBLIC_URL for a provider when others reach it', async () => {
    Object.assign(place.env, { HOST: '0.0.0.0', OIDC_ISSUER: 'https://login.example', OIDC_CLIENT_ID: 'millrace' });
    const { err } = await millrace('start');
    expect(err).toContain('SETTING_INVALID PUBLIC_URL');
  });
});
