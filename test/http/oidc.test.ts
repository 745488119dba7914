import { UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callbackPath } from '../../src/server/access/provider.ts';
import { freePort } from '../support/free-port.ts';
import { GuardedClinic } from '../support/guarded-clinic.ts';
import { Browser, OidcPeer } from '../support/oidc-peer.ts';

/** Signing in at a real OpenID provider, and with its tokens. */

let peer: OidcPeer;
let clinic: GuardedClinic;
beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  peer = await OidcPeer.start(publicUrl);
  const { issuer, clientId, clientSecret } = peer;
  const roleMapping = { 'Front Desk': 'receptionist' };
  const provider = { issuer, clientId, clientSecret, rolesClaim: 'roles', roleMapping, publicUrl, keyCooldownMs: 0 };
  clinic = await GuardedClinic.start({ provider }, { port });
});
afterAll(async () => {
  await clinic[Symbol.asyncDispose]();
  await peer[Symbol.asyncDispose]();
});

beforeEach(() => {
  peer.person = { subject: 'ada', name: 'Ada Example', roles: ['doctor'] };
});

const start = (returnTo = '/room') => `${clinic.url}/api/auth/oidc/start?returnTo=${encodeURIComponent(returnTo)}`;
const isCallback = (url: URL) => url.pathname === callbackPath;
const isHome = (url: URL) => url.origin === clinic.url && !isCallback(url);
const codeOf = async (response: Response) => `${response.status} ${((await response.json()) as { code: string }).code}`;

async function signIn(browser: Browser, returnTo?: string) {
  const { url, response } = await browser.follow(start(returnTo), isHome);
  return {
    url,
    response,
    me: (await browser.visit(`${clinic.url}/api/auth/me`)).json() as Promise<{ principal: object }>,
  };
}

describe('signing in at the provider', () => {
  test('ends where it began, with the same cookie, and the name and roles that the provider tells', async () => {
    const browser = new Browser();
    const { url, me } = await signIn(browser, '/room?site=main');
    expect(url).toBe(`${clinic.url}/room?site=main`);
    expect(await me).toMatchObject({
      oidc: true,
      principal: { kind: 'account', name: 'ada', displayName: 'Ada Example', roles: ['doctor'] },
    });
    expect(browser.cookiesOf(clinic.url)).toMatch(/^__Host-millrace=ms_[\w-]{43}$/);
    const { json } = await clinic.ask('administrator', '/api/access/accounts');
    expect(json['accounts']).toMatchObject([{ userName: 'ada', byProvider: true, roles: ['doctor'] }]);
  });

  test('maps what the provider calls roles, and takes new ones over at the next sign-in', async () => {
    peer.person = { subject: 'bea', name: 'Bea', roles: ['doctor'] };
    const before = new Browser();
    await signIn(before);
    peer.person = { subject: 'bea', name: 'Bea', roles: ['Front Desk', 'unheard of'] };
    const { me } = await signIn(new Browser());
    expect(await me).toMatchObject({ principal: { roles: ['receptionist'] } });
    expect((await before.visit(`${clinic.url}/api/waiting-room/queues`)).status).toBe(401);
  });

  test('is refused to who has no role here, and to who was deactivated here', async () => {
    peer.person = { subject: 'cid', name: 'Cid', roles: ['unheard of'] };
    const { response } = await signIn(new Browser());
    expect(await codeOf(response)).toBe('403 AUTH_ROLE_FORBIDDEN');
    peer.person = { subject: 'dan', name: 'Dan', roles: ['doctor'] };
    const browser = new Browser();
    await signIn(browser);
    const { json } = await clinic.ask('administrator', '/api/access/accounts');
    const dan = (json['accounts'] as { userName: string; accountId: string }[]).find(
      ({ userName }) => userName === 'dan',
    );
    const path = `/api/access/accounts/${dan?.accountId}`;
    const roles = await clinic.ask('administrator', path, { method: 'PUT', body: { roles: ['administrator'] } });
    expect(roles.json['code']).toBe('REQUEST_INVALID');
    await clinic.ask('administrator', path, { method: 'PUT', body: { active: false } });
    expect((await browser.visit(`${clinic.url}/api/waiting-room/queues`)).status).toBe(401);
    expect(await codeOf((await signIn(new Browser())).response)).toBe('403 AUTH_PROVIDER_REFUSED');
    const token = await peer.sign({ iss: peer.issuer, aud: peer.clientId, sub: 'dan' });
    const byToken = await clinic.ask('anonymous', '/api/auth/me', { headers: { authorization: `Bearer ${token}` } });
    expect(byToken.json['principal']).toBeNull();
  });

  test('takes an answer of the provider once, in the browser that asked for it, with the state that it was given', async () => {
    const browser = new Browser();
    const { url } = await browser.follow(start(), isCallback);
    const elsewhere = await new Browser().visit(url);
    expect(await codeOf(elsewhere)).toBe('403 AUTH_PROVIDER_REFUSED');
    const cookie = browser.cookiesOf(clinic.url);
    expect((await browser.visit(url)).status).toBe(302);
    const replayed = await fetch(url, { redirect: 'manual', headers: { cookie } });
    expect(await codeOf(replayed)).toBe('403 AUTH_PROVIDER_REFUSED');

    const forged = new Browser();
    const asked = await forged.follow(start(), isCallback);
    const other = new URL(asked.url);
    other.searchParams.set('state', 'of-somebody-else');
    expect(await codeOf(await forged.visit(other.href))).toBe('403 AUTH_PROVIDER_REFUSED');
    // That attempt is over, even with the right state.
    expect(await codeOf(await forged.visit(asked.url))).toBe('403 AUTH_PROVIDER_REFUSED');
    const cancelled = new Browser();
    const asking = new URL((await cancelled.follow(start(), () => true)).url);
    const state = asking.searchParams.get('state') ?? '';
    const no = `${clinic.url}${callbackPath}?error=access_denied&state=${state}&iss=${encodeURIComponent(peer.issuer)}`;
    expect(await codeOf(await cancelled.visit(no))).toBe('403 AUTH_PROVIDER_REFUSED');
  });

  test('asks with PKCE, state and nonce, anew each time', async () => {
    const ask = async () => new URL((await new Browser().follow(start(), () => true)).url).searchParams;
    const [one, two] = [await ask(), await ask()];
    expect(one.get('code_challenge_method')).toBe('S256');
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.get(name)?.length).toBeGreaterThanOrEqual(40);
      expect(one.get(name)).not.toBe(two.get(name));
    }
  });

  test.each([
    'https://elsewhere.example/',
    '//elsewhere.example',
    '/\\elsewhere.example',
    '/.//elsewhere.example',
    '\t//x.example',
  ])('never leads to another host: %s', async (returnTo) => {
    const { url } = await signIn(new Browser(), returnTo);
    expect(url).toBe(`${clinic.url}/`);
  });
});

describe('a token of the provider', () => {
  const ours = () => ({ iss: peer.issuer, aud: peer.clientId, sub: 'program' });
  const statusWith = async (token: string) => {
    const path = '/api/waiting-room/queues';
    const { status } = await clinic.ask('anonymous', path, { headers: { authorization: `Bearer ${token}` } });
    return status;
  };

  test('gives the roles that it names, as the provider makes it', async () => {
    const token = await peer.clientToken();
    const { json } = await clinic.ask('anonymous', '/api/auth/me', { headers: { authorization: `Bearer ${token}` } });
    expect(json).toMatchObject({ principal: { kind: 'token', id: 'millrace', roles: ['operator'] }, csrfToken: null });
    expect(await statusWith(await peer.sign(ours()))).toBe(200);
  });

  test('is refused when it is for another, of another, over, unsigned, of a stranger’s key, or an ID token', async () => {
    const [header = '', body = ''] = (await peer.sign(ours())).split('.');
    const stranger = await OidcPeer.start(clinic.url);
    try {
      const wrong = {
        'for another': await peer.sign({ ...ours(), aud: 'another' }),
        'for nobody': await peer.sign({ iss: peer.issuer, sub: 'program' }),
        'of another': await peer.sign({ ...ours(), iss: 'https://elsewhere.example' }),
        over: await peer.sign(ours(), { expires: '1 minute ago' }),
        'without a subject': await peer.sign({ iss: peer.issuer, aud: peer.clientId }),
        unsigned: new UnsecuredJWT({ roles: ['doctor'], ...ours() }).setExpirationTime('5 minutes').encode(),
        'cut off': `${header}.${body}.`,
        'of a stranger’s key': await peer.sign(ours(), { key: stranger.key }),
        'an ID token': await peer.sign({ ...ours(), nonce: 'n' }),
      };
      const statuses: Record<string, number> = {};
      for (const [what, token] of Object.entries(wrong)) statuses[what] = await statusWith(token);
      expect(statuses).toEqual(Object.fromEntries(Object.keys(wrong).map((what) => [what, 401])));
    } finally {
      await stranger[Symbol.asyncDispose]();
    }
  });

  test('of a key that came later is taken, and one of a key that is gone is not', async () => {
    const before = await peer.sign(ours());
    expect(await statusWith(before)).toBe(200);
    await peer.rotateKeys();
    expect(await statusWith(await peer.sign(ours()))).toBe(200);
    expect(await statusWith(before)).toBe(401);
    const { url } = await signIn(new Browser());
    expect(url).toBe(`${clinic.url}/room`);
  });
});

test('a provider that is away is a failure for now, and none of somebody’s', async () => {
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const provider = {
    ...{ issuer, clientId: 'a', clientSecret: undefined, rolesClaim: 'roles', roleMapping: {} },
    publicUrl: 'http://127.0.0.1',
  };
  await using other = await GuardedClinic.start({ provider });
  const { status, json } = await other.ask('anonymous', '/api/auth/oidc/start');
  expect(`${status} ${String(json['code'])}`).toBe('503 AUTH_PROVIDER_UNAVAILABLE');
  expect((await clinic.ask('kiosk', '/api/auth/me')).status).toBe(200);
});
