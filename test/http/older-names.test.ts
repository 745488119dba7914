import { afterAll, beforeAll, expect, test } from 'vitest';
import { GuardedClinic } from '../support/guarded-clinic.ts';

/** An older name of a route gives no other rights than the route that it stands for. */
let clinic: GuardedClinic;
beforeAll(async () => {
  clinic = await GuardedClinic.start();
});
afterAll(() => clinic[Symbol.asyncDispose]());

const password = 'a long enough password';
const register = (role: string, userName: string) =>
  clinic.ask(role, '/api/staff/users/register', {
    method: 'POST',
    body: { userName, displayName: 'Sam Staff', password, roles: ['cashier'] },
  });
const login = (given: string) =>
  clinic.ask('anonymous', '/api/staff/auth/login', { method: 'POST', body: { userName: 'sam', password: given } });

test('staff is registered, signs in, gets another role, and is shut out', async () => {
  expect((await register('receptionist', 'sam')).json).toMatchObject({ code: 'AUTH_ROLE_FORBIDDEN' });
  const added = await register('administrator', 'sam');
  expect(added.status).toBe(201);
  expect((await register('administrator', 'sam')).status).toBe(409);
  const accountId = String(added.json['accountId']);

  expect(await login('wrong')).toMatchObject({ status: 401, json: { code: 'AUTH_INVALID_CREDENTIALS' } });
  const signedIn = await login(password);
  expect(signedIn.status).toBe(200);
  const headers = { authorization: `Bearer ${String(signedIn.json['token'])}` };
  const me = await clinic.ask('anonymous', '/api/auth/me', { headers });
  expect(me.json).toMatchObject({ principal: { name: 'sam', roles: ['cashier'] } });

  const change = (path: string, body: object) =>
    clinic.ask('administrator', `/api/staff/users/${path}`, { method: 'POST', body: { accountId, ...body } });
  expect((await change('change-role', { roles: ['doctor'] })).json).toMatchObject({ roles: ['doctor'] });
  expect((await change('change-status', { active: false })).json).toMatchObject({ active: false });
  expect((await login(password)).status).toBe(401);
});

test('a rebuild is for operators, the display of a queue for everybody', async () => {
  const rebuild = (role: string) =>
    clinic.ask(role, '/api/patient-trajectories/rebuild', { method: 'POST', body: { dryRun: true } });
  expect((await rebuild('doctor')).status).toBe(403);
  expect((await rebuild('operator')).status).toBe(200);
  const display = await clinic.ask('anonymous', '/api/v1/waiting-room/nowhere/public-display');
  expect(display.json).toMatchObject({ code: 'QUEUE_NOT_FOUND' });
});

test('the description of the API has the name that generators look for', async () => {
  const [one, other] = [
    await clinic.ask('anonymous', '/openapi/v1.json'),
    await clinic.ask('anonymous', '/openapi.json'),
  ];
  expect(one.status).toBe(200);
  expect(one.json).toEqual(other.json);
});
