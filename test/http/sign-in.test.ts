import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GuardedClinic, type AskAs } from '../support/guarded-clinic.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/** Signing in and out of the real server, by page and by program, and keeping accounts and API keys. */

const password = 'correct horse battery';

let clinic: GuardedClinic;
let demo: GuardedClinic;
let databases: readonly [TestDatabase, TestDatabase];
beforeAll(async () => {
  databases = await Promise.all([createTestDatabase(), createTestDatabase()]);
  clinic = await GuardedClinic.start();
  demo = await GuardedClinic.start({ mode: 'demo' });
});
afterAll(async () => {
  await clinic[Symbol.asyncDispose]();
  await demo[Symbol.asyncDispose]();
  for (const database of databases) await database.drop();
});

let people = 0;
async function addPerson(role = 'receptionist', at = clinic): Promise<{ userName: string; accountId: string }> {
  const userName = `person${people++}`;
  const body = { userName, displayName: `Person ${people}`, password, roles: [role], reason: 'a test' };
  const { status, json } = await at.ask('administrator', '/api/access/accounts', { method: 'POST', body });
  expect(status, JSON.stringify(json)).toBe(201);
  return { userName, accountId: String(json['accountId']) };
}

interface Page {
  readonly cookie: string;
  readonly csrf: string;
  ask(path: string, question?: AskAs): ReturnType<GuardedClinic['ask']>;
}

/** What a browser keeps of a sign-in. */
async function signIn(userName: string, at = clinic, with_ = password, headers = {}): Promise<Page> {
  const answer = await at.ask('anonymous', '/api/auth/sign-in', {
    method: 'POST',
    body: { userName, password: with_ },
    headers,
  });
  expect(answer.status, JSON.stringify(answer.json)).toBe(200);
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  const csrf = String(answer.json['csrfToken']);
  return {
    cookie,
    csrf,
    ask: (path, question = {}) =>
      at.ask('anonymous', path, {
        ...question,
        headers: { cookie, ...(question.method === undefined ? {} : { 'x-csrf-token': csrf }), ...question.headers },
      }),
  };
}

const queues = '/api/waiting-room/queues';
const codeOf = ({ status, json }: { status: number; json: { [name: string]: unknown } }) =>
  `${status} ${String(json['code'])}`;

describe('signing in on a page', () => {
  test('sets a cookie that scripts cannot read, other hosts cannot set, and other sites do not send', async () => {
    const { userName, accountId } = await addPerson();
    const answer = await clinic.ask('anonymous', '/api/auth/sign-in', { method: 'POST', body: { userName, password } });
    const [cookie = '', ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
    expect(cookie).toMatch(/^__Host-millrace=ms_[\w-]{43}$/);
    expect(attributes.toSorted()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.json).toMatchObject({ account: { accountId, userName, roles: ['receptionist'] } });
    expect(JSON.stringify(answer.json)).not.toContain(cookie.split('=')[1]);
    const me = await clinic.ask('anonymous', '/api/auth/me', { headers: { cookie } });
    expect(me.json).toMatchObject({
      mode: 'required',
      principal: { kind: 'account', id: accountId, name: userName, roles: ['receptionist'] },
      csrfToken: answer.json['csrfToken'],
      demoAccounts: [],
      oidc: false,
    });
  });

  test('gives the rights of the roles, until it is ended', async () => {
    const { userName } = await addPerson();
    const page = await signIn(userName);
    expect((await page.ask(queues)).status).toBe(200);
    expect(codeOf(await page.ask('/api/access/accounts'))).toBe('403 AUTH_ROLE_FORBIDDEN');
    expect((await page.ask('/api/auth/sign-out', { method: 'POST' })).status).toBe(204);
    const after = await page.ask(queues);
    expect(codeOf(after)).toBe('401 AUTH_REQUIRED');
    expect(after.headers.get('www-authenticate')).toContain('Bearer');
    expect(after.headers.get('set-cookie')).toMatch(/^__Host-millrace=; Max-Age=0/);
  });

  test('makes a new token each time and ends the one that came along, so that none can be planted', async () => {
    const { userName } = await addPerson();
    const first = await signIn(userName);
    const planted = `__Host-millrace=ms_${'a'.repeat(43)}`;
    const second = await signIn(userName, clinic, password, { cookie: planted });
    expect(second.cookie).not.toBe(planted);
    const third = await signIn(userName, clinic, password, { cookie: first.cookie });
    expect(third.cookie).not.toBe(first.cookie);
    expect((await first.ask(queues)).status).toBe(401);
    expect((await second.ask(queues)).status).toBe(200);
  });

  test('wants the CSRF token with whatever changes something, and nothing of other hosts', async () => {
    const { userName } = await addPerson('administrator');
    const page = await signIn(userName);
    const body = { name: 'a key', roles: ['kiosk'] };
    const post = (headers: Record<string, string>) =>
      page.ask('/api/access/api-keys', { method: 'POST', body, headers });
    expect(codeOf(await post({ 'x-csrf-token': '' }))).toBe('403 CSRF_REFUSED');
    const other = await signIn((await addPerson()).userName);
    expect(codeOf(await post({ 'x-csrf-token': other.csrf }))).toBe('403 CSRF_REFUSED');
    expect(codeOf(await post({ origin: 'https://elsewhere.example' }))).toBe('403 ORIGIN_REFUSED');
    expect(codeOf(await post({ origin: 'null' }))).toBe('403 ORIGIN_REFUSED');
    expect((await post({ origin: clinic.url })).status).toBe(201);
    const lured = await clinic.ask('anonymous', '/api/auth/sign-in', {
      method: 'POST',
      body: { userName, password },
      headers: { origin: 'https://elsewhere.example' },
    });
    expect(codeOf(lured)).toBe('403 ORIGIN_REFUSED');
  });

  test('answers a wrong password and an unknown name alike, and a page’s cookie is no bearer token', async () => {
    const { userName } = await addPerson();
    const attempt = (name: string) =>
      clinic.ask('anonymous', '/api/auth/sign-in', { method: 'POST', body: { userName: name, password: 'wrong' } });
    const [wrong, unknown] = [await attempt(userName), await attempt('nobody')];
    expect(codeOf(wrong)).toBe('401 AUTH_INVALID_CREDENTIALS');
    expect({ ...unknown.json, correlationId: '' }).toEqual({ ...wrong.json, correlationId: '' });
    const page = await signIn(userName);
    const token = page.cookie.split('=')[1] ?? '';
    const asBearer = await clinic.ask('anonymous', queues, { headers: { authorization: `Bearer ${token}` } });
    expect(codeOf(asBearer)).toBe('401 AUTH_INVALID_CREDENTIALS');
  });

  test('is refused for a while after wrong attempts, even with the right password; others are not', async () => {
    const { userName } = await addPerson();
    const other = await addPerson();
    const attempt = (name: string, given: string) =>
      clinic.ask('anonymous', '/api/auth/token', { method: 'POST', body: { userName: name, password: given } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => attempt(userName.toUpperCase(), 'wrong')));
    expect(answers.map(codeOf).filter((code) => code.startsWith('401'))).toHaveLength(5);
    const late = await attempt(userName, password);
    expect(codeOf(late)).toBe('429 AUTH_TOO_MANY_ATTEMPTS');
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(200);
    expect((await attempt(other.userName, password)).status).toBe(200);
  });
});

describe('a program', () => {
  test('signs in for a bearer token, or has an API key in one of two headers', async () => {
    const { userName } = await addPerson();
    const answer = await clinic.ask('anonymous', '/api/auth/token', { method: 'POST', body: { userName, password } });
    const authorization = `Bearer ${String(answer.json['token'])}`;
    expect((await clinic.ask('anonymous', queues, { headers: { authorization } })).status).toBe(200);
    await clinic.ask('anonymous', '/api/auth/sign-out', { method: 'POST', headers: { authorization } });
    expect((await clinic.ask('anonymous', queues, { headers: { authorization } })).status).toBe(401);
    const key = clinic.keyOf('supervisor');
    const me = await clinic.ask('anonymous', '/api/auth/me', { headers: { authorization: `Bearer ${key}` } });
    expect(me.json).toMatchObject({ principal: { kind: 'api-key', name: 'supervisor' }, csrfToken: null });
    for (const wrong of [{ authorization: 'Basic YTpi' }, { authorization: 'Bearer x' }, { 'x-api-key': 'mk_short' }]) {
      expect(codeOf(await clinic.ask('anonymous', queues, { headers: wrong }))).toBe('401 AUTH_INVALID_CREDENTIALS');
    }
  });

  test('does what it does under its own name: events say who', async () => {
    const body = { queueId: 'who', patientName: 'John Doe', consultationType: 'Cardiology' };
    const arrived = await clinic.ask('kiosk', '/api/waiting-room/check-in', { method: 'POST', body });
    expect(arrived.status).toBe(201);
    const events = await clinic.ask('operator', `/api/events/${String(arrived.json['visitId'])}`);
    const keys = await clinic.ask('administrator', '/api/access/api-keys');
    const kiosk = (keys.json['apiKeys'] as { name: string; keyId: string }[]).find(({ name }) => name === 'kiosk');
    expect(JSON.stringify(events.json)).toContain(`"actor":"api-key:${kiosk?.keyId}"`);
  });

  test('whose key is revoked is refused at once, and one that has expired as well', async () => {
    const add = (more: object) =>
      clinic.ask('administrator', '/api/access/api-keys', {
        method: 'POST',
        body: { name: 'for a while', roles: ['operator'], ...more },
      });
    const { json } = await add({ expiresInDays: 1 });
    const headers = { 'x-api-key': String(json['key']) };
    expect((await clinic.ask('anonymous', '/api/log', { headers })).status).toBe(200);
    const path = `/api/access/api-keys/${String(json['keyId'])}`;
    expect((await clinic.ask('administrator', path, { method: 'DELETE' })).status).toBe(204);
    expect(codeOf(await clinic.ask('anonymous', '/api/log', { headers }))).toBe('401 AUTH_INVALID_CREDENTIALS');
    const listed = await clinic.ask('administrator', '/api/access/api-keys');
    expect(JSON.stringify(listed.json)).not.toContain(headers['x-api-key'].slice(3));
    const over = await clinic.gate.access.addApiKey(
      { name: 'over', roles: ['operator'], expiresAt: Date.now() - 1 },
      { actor: 'test' },
    );
    const late = await clinic.ask('anonymous', '/api/log', { headers: { 'x-api-key': over.key } });
    expect(codeOf(late)).toBe('401 AUTH_INVALID_CREDENTIALS');
    const unknown = '/api/access/api-keys/f0f0f0f0-0000-4000-8000-000000000000';
    expect(codeOf(await clinic.ask('administrator', unknown, { method: 'DELETE' }))).toBe('404 API_KEY_UNKNOWN');
  });
});

describe('one’s own password', () => {
  const next = 'another long password';
  const change = (page: Page, body: object) => page.ask('/api/auth/password', { method: 'POST', body });

  test('is changed by who knows it, ends the other sign-ins and not this one, and is recorded without it', async () => {
    const { userName, accountId } = await addPerson();
    const [here, elsewhere] = [await signIn(userName), await signIn(userName)];
    expect((await elsewhere.ask(queues)).status).toBe(200);
    expect((await change(here, { currentPassword: password, newPassword: next })).status).toBe(204);
    expect((await here.ask(queues)).status).toBe(200);
    expect((await elsewhere.ask(queues)).status).toBe(401);
    const body = { userName, password };
    const before = await clinic.ask('anonymous', '/api/auth/sign-in', { method: 'POST', body });
    expect(codeOf(before)).toBe('401 AUTH_INVALID_CREDENTIALS');
    await signIn(userName, clinic, next);
    const { json } = await clinic.ask('administrator', '/api/access/changes?limit=1');
    expect(json['changes']).toMatchObject([
      {
        action: 'account-changed',
        actor: `account:${accountId}`,
        subjectId: accountId,
        details: { password: 'changed' },
      },
    ]);
    expect(JSON.stringify(json)).not.toMatch(/scrypt|another long password/);
  });

  test('stays when the current one is wrong or the new one weak, and says which field; guessing is slow', async () => {
    const { userName } = await addPerson();
    const page = await signIn(userName);
    const weak = await change(page, { currentPassword: password, newPassword: 'short' });
    expect(codeOf(weak)).toBe('400 PASSWORD_WEAK');
    expect(weak.json['fields']).toMatchObject([{ field: 'newPassword' }]);
    const wrong = await change(page, { currentPassword: 'wrong', newPassword: next });
    expect(codeOf(wrong)).toBe('400 PASSWORD_WRONG');
    expect(wrong.json['fields']).toMatchObject([{ field: 'currentPassword' }]);
    expect(codeOf(await change(page, { newPassword: next }))).toBe('400 REQUEST_INVALID');
    for (let attempt = 0; attempt < 4; attempt++) {
      await change(page, { currentPassword: 'wrong', newPassword: next });
    }
    const late = await change(page, { currentPassword: password, newPassword: next });
    expect(codeOf(late)).toBe('429 AUTH_TOO_MANY_ATTEMPTS');
    expect((await page.ask(queues)).status).toBe(200);
  });

  test('is none of a program, a demonstration or nobody', async () => {
    const body = { currentPassword: password, newPassword: next };
    const question = { method: 'POST', body };
    expect(codeOf(await clinic.ask('anonymous', '/api/auth/password', question))).toBe('401 AUTH_REQUIRED');
    expect(codeOf(await clinic.ask('doctor', '/api/auth/password', question))).toBe('409 PASSWORD_ELSEWHERE');
    const page = await signIn('doctor', demo, 'doctor-demo');
    expect(codeOf(await change(page, { ...body, currentPassword: 'doctor-demo' }))).toBe('409 PASSWORD_ELSEWHERE');
  });
});

describe('keeping accounts', () => {
  test.each([
    ['other roles', { roles: ['cashier'] }],
    ['another password', { password: 'another long password' }],
    ['deactivation', { active: false }],
  ])('%s end the sign-ins of the account at once', async (_what, change) => {
    const { userName, accountId } = await addPerson();
    const page = await signIn(userName);
    expect((await page.ask(queues)).status).toBe(200);
    const path = `/api/access/accounts/${accountId}`;
    const changed = await clinic.ask('administrator', path, { method: 'PUT', body: change });
    expect(changed.status, JSON.stringify(changed.json)).toBe(200);
    expect((await page.ask(queues)).status).toBe(401);
  });

  test('a deactivated account cannot sign in, with the right password either', async () => {
    const { userName, accountId } = await addPerson();
    const path = `/api/access/accounts/${accountId}`;
    await clinic.ask('administrator', path, { method: 'PUT', body: { active: false } });
    const body = { userName, password };
    expect(codeOf(await clinic.ask('anonymous', '/api/auth/sign-in', { method: 'POST', body }))).toBe(
      '401 AUTH_INVALID_CREDENTIALS',
    );
  });

  test('is recorded: who, what, when and why, and no secret', async () => {
    const { userName, accountId } = await addPerson();
    const body = { displayName: 'Another', password: 'another long password', reason: 'she asked for it' };
    await clinic.ask('administrator', `/api/access/accounts/${accountId}`, { method: 'PUT', body });
    const { json } = await clinic.ask('administrator', '/api/access/changes?limit=2');
    expect(json['changes']).toMatchObject([
      {
        action: 'account-changed',
        subjectId: accountId,
        actor: expect.stringMatching(/^api-key:/) as string,
        details: { displayName: 'Another', password: 'changed' },
        reason: 'she asked for it',
      },
      { action: 'account-added', details: { userName, roles: ['receptionist'] }, reason: 'a test' },
    ]);
    expect(JSON.stringify(json)).not.toMatch(/scrypt|another long password/);
    const older = await clinic.ask('administrator', `/api/access/changes?limit=1&before=${Number(json['next'])}`);
    expect(older.json['changes']).toHaveLength(1);
  });

  test('refuses a name that is taken, a weak password, an unknown role, and to lose the last administrator', async () => {
    const { userName } = await addPerson();
    const add = (change: object) =>
      clinic.ask('administrator', '/api/access/accounts', {
        method: 'POST',
        body: { userName: 'new', displayName: 'New', password, roles: ['doctor'], ...change },
      });
    expect(codeOf(await add({ userName: userName.toUpperCase() }))).toBe('409 ACCOUNT_EXISTS');
    expect(codeOf(await add({ password: 'short' }))).toBe('400 PASSWORD_WEAK');
    expect(codeOf(await add({ password: 'new new new new' }))).toBe('400 PASSWORD_WEAK');
    expect(codeOf(await add({ roles: ['king'] }))).toBe('400 REQUEST_INVALID');
    expect(codeOf(await add({ userName: 'with space' }))).toBe('400 REQUEST_INVALID');
    const change = { method: 'PUT', body: { roles: ['doctor'] } };
    const unknown = '/api/access/accounts/f0f0f0f0-0000-4000-8000-000000000000';
    expect(codeOf(await clinic.ask('administrator', unknown, change))).toBe('404 ACCOUNT_UNKNOWN');
    const admins = await Promise.all([addPerson('administrator', demo), addPerson('administrator', demo)]);
    const answers = await Promise.all(
      admins.map(({ accountId }) => demo.ask('administrator', `/api/access/accounts/${accountId}`, change)),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });
});

describe('a demonstration', () => {
  test('lets everybody do everything, under a name that says so', async () => {
    const me = await demo.ask('anonymous', '/api/auth/me');
    expect(me.json).toMatchObject({ mode: 'demo', principal: { kind: 'demo', id: 'demo' }, csrfToken: null });
    const body = { queueId: 'demo', patientName: 'John Doe', consultationType: 'Cardiology' };
    const arrived = await demo.ask('anonymous', '/api/waiting-room/check-in', { method: 'POST', body });
    expect(arrived.status).toBe(201);
    const events = await demo.ask('anonymous', `/api/events/${String(arrived.json['visitId'])}`);
    expect(JSON.stringify(events.json)).toContain('"actor":"demo:demo"');
    const foreign = { method: 'POST', body, headers: { origin: 'https://elsewhere.example' } };
    expect(codeOf(await demo.ask('anonymous', '/api/waiting-room/check-in', foreign))).toBe('403 ORIGIN_REFUSED');
  });

  test('that nobody asked for by name lets nobody in through the name of another host', async () => {
    await using open = await GuardedClinic.start({ mode: 'demo', thisMachineOnly: true });
    const through = (host: string) =>
      new Promise<number>((resolve, reject) => {
        const { port } = new URL(open.url);
        get({ host: '127.0.0.1', port, path: queues, headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        }).once('error', reject);
      });
    expect(await through('127.0.0.1:5000')).toBe(200);
    expect(await through('localhost')).toBe(200);
    expect(await through('[::1]:5000')).toBe(200);
    for (const host of ['elsewhere.example', '127.0.0.1.elsewhere.example:5000', '10.0.0.1']) {
      expect(await through(host), host).toBe(403);
    }
  });

  test('has an account for each role, which has the rights of that role alone', async () => {
    const me = await demo.ask('anonymous', '/api/auth/me');
    const accounts = me.json['demoAccounts'] as { userName: string; password: string; role: string }[];
    expect(accounts.map(({ role }) => role)).toContain('kiosk');
    const kiosk = accounts.find(({ role }) => role === 'kiosk');
    const page = await signIn('kiosk', demo, kiosk?.password);
    expect((await page.ask('/api/auth/me')).json).toMatchObject({ principal: { kind: 'account', roles: ['kiosk'] } });
    expect(codeOf(await page.ask(queues))).toBe('403 AUTH_ROLE_FORBIDDEN');
    const there = await clinic.ask('anonymous', '/api/auth/sign-in', {
      method: 'POST',
      body: { userName: 'kiosk', password: kiosk?.password },
    });
    expect(codeOf(there)).toBe('401 AUTH_INVALID_CREDENTIALS');
  });

  test('leaves no sign-in behind that a real installation on the same databases would take', async () => {
    const page = await signIn('administrator', demo, 'administrator-demo');
    const [events, models] = databases;
    await using real = await GuardedClinic.start(
      {},
      {
        databases: [
          { ...events, url: demo.urls.eventStoreUrl },
          { ...models, url: demo.urls.readModelsUrl },
        ],
      },
    );
    const answer = await real.ask('anonymous', '/api/access/accounts', { headers: { cookie: page.cookie } });
    expect(codeOf(answer)).toBe('401 AUTH_REQUIRED');
  });
});

describe('a sign-in runs out', () => {
  test('when nothing is done, and in any case', async () => {
    const { userName } = await addPerson();
    const { access } = clinic.gate;
    const idle = await access.signIn(userName, password, 'bearer', { idleMs: 1, lifetimeMs: 60_000 });
    const idled = () => access.principalOf(idle?.token ?? '', 'bearer', { idleMs: 1, lifetimeMs: 60_000 });
    await expect.poll(idled).toBeUndefined();
    const brief = await access.signIn(userName, password, 'bearer', { idleMs: 60_000, lifetimeMs: 40 });
    const token = brief?.token ?? '';
    await expect.poll(() => access.principalOf(token, 'bearer', { idleMs: 60_000, lifetimeMs: 40 })).toBeUndefined();
    const long = await access.signIn(userName, password, 'bearer', { idleMs: 60_000, lifetimeMs: 60_000 });
    expect(long?.principal.expiresAt).toBeGreaterThan(Date.now());
  });
});
