import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../support/chromium.ts';
import { GuardedClinic } from '../support/guarded-clinic.ts';

/** What a real browser does with the cookie of a sign-in, over http on this machine and without a page of ours. */

let clinic: GuardedClinic;
let browser: Browser;
beforeAll(async () => {
  clinic = await GuardedClinic.start({ mode: 'demo' });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await clinic?.[Symbol.asyncDispose]();
});

/** Runs in the page. */
async function ask(input: { path: string; body?: object; csrf?: string }): Promise<{ status: number; json: string }> {
  const response = await fetch(input.path, {
    method: input.body === undefined ? 'GET' : 'POST',
    headers: {
      ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(input.csrf === undefined ? {} : { 'x-csrf-token': input.csrf }),
    },
    ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
  });
  return { status: response.status, json: await response.text() };
}

/** Runs in the page: the code with which a WebSocket is closed, once `message` came. */
function listen(): Promise<number> {
  const socket = new WebSocket('/ws/waiting-room');
  return new Promise((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code));
    socket.addEventListener('message', () => void fetch('/heard'));
  });
}

test.each(['127.0.0.1', 'localhost'])(
  'a page at http://%s keeps the cookie, cannot read it, and listens with it',
  async (host) => {
    const page = await browser.newPage();
    const url = clinic.url.replace('127.0.0.1', host);
    await page.goto(`${url}/health`);
    const body = { userName: 'doctor', password: 'doctor-demo' };
    const signedIn = await page.evaluate(ask, { path: '/api/auth/sign-in', body });
    expect(signedIn.status, signedIn.json).toBe(200);
    expect(await page.evaluate('document.cookie')).toBe('');
    const me = JSON.parse((await page.evaluate(ask, { path: '/api/auth/me' })).json) as { csrfToken: string };
    expect(me).toMatchObject({ principal: { kind: 'account', name: 'doctor' } });
    const without = await page.evaluate(ask, { path: '/api/auth/live-ticket', body: {} });
    expect(without.json).toContain('CSRF_REFUSED');
    const heard = page.waitForRequest(/heard/);
    const closed = page.evaluate(listen);
    await heard;
    await page.evaluate(ask, { path: '/api/auth/sign-out', body: {}, csrf: me.csrfToken });
    expect(await closed).toBe(4401);
    const after = await page.evaluate(ask, { path: '/api/auth/me' });
    expect(JSON.parse(after.json)).toMatchObject({ principal: { kind: 'demo' } });
    await page.close();
  },
);
