import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { clinicAccess } from '../../apps/waiting-room/access.ts';
import { application } from '../../apps/waiting-room/app.ts';
import { mayUse } from '../../src/access/policy.ts';
import type { GuardedRoute } from '../../src/server/access/access-gate.ts';
import { buildServer } from '../../src/server/build-server.ts';
import { fakeSystem } from '../support/fake-system.ts';
import { everybody, GuardedClinic, matrixOf, principalWith } from '../support/guarded-clinic.ts';

/** Every role and nobody, at every route and live view of the running server. */

let clinic: GuardedClinic;
beforeAll(async () => {
  clinic = await GuardedClinic.start();
});
afterAll(() => clinic[Symbol.asyncDispose]());

/** Values that no route takes for anything that is there. */
function pathOf({ url }: GuardedRoute): string {
  return url.replaceAll(/:\w+/g, 'f0f0f0f0-0000-4000-8000-000000000000').replace('*', 'nothing');
}

describe('at every route', () => {
  test.each(everybody)('%s comes in where the table says so, and nowhere else', async (role) => {
    const wrong: string[] = [];
    expect(clinic.routes.length).toBeGreaterThan(100);
    for (const route of clinic.routes) {
      const body = ['POST', 'PUT'].includes(route.method) ? { 'no such field': 1 } : undefined;
      const { status, json } = await clinic.ask(role, pathOf(route), {
        method: route.method,
        ...(body === undefined ? {} : { body }),
      });
      const refusal = role === 'anonymous' ? 'AUTH_REQUIRED 401' : 'AUTH_ROLE_FORBIDDEN 403';
      const allowed = mayUse(principalWith(role), route.permission);
      // The answer to HEAD has no body.
      const answer =
        route.method === 'HEAD' ? refusal.replace(/\d+/, String(status)) : `${String(json['code'])} ${status}`;
      const isRight = allowed ? status !== 401 && status !== 403 : answer === refusal;
      if (!isRight) wrong.push(`${route.method} ${route.url}: ${answer}`);
    }
    expect(wrong).toEqual([]);
  });

  test('the table has an entry for each, and pages and documentation alone are open without one', () => {
    const open = clinic.routes.filter(({ entries }) => entries.length === 0);
    expect(open.filter(({ url }) => /^\/(api|ws|metrics|health)/.test(url))).toEqual([]);
    const closed = clinic.routes.filter(({ permission }) => permission === undefined);
    expect(closed).toEqual([]);
  });
});

describe('at every live view', () => {
  const views = application.live?.flatMap(({ name, views }) => views.map((view) => `feed:${name}/${view.name}`)) ?? [];

  test.each(everybody)('%s opens a connection where one of its views may be seen', async (role) => {
    for (const { name, webSocketPath } of application.live ?? []) {
      const cells = matrixOf(
        clinic.gate,
        views.filter((view) => view.startsWith(`feed:${name}/`)),
      );
      const allowed = cells.some((cell) => cell.role === role && cell.allowed);
      const refusal = role === 'anonymous' ? 401 : 403;
      expect(await openWebSocket(clinic, webSocketPath, role), name).toBe(allowed ? 'open' : refusal);
    }
  });
});

function openWebSocket(clinic: GuardedClinic, path: string, role: string): Promise<'open' | number> {
  const socket = new WebSocket(clinic.url.replace('http', 'ws') + path, { headers: clinic.headersOf(role) });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
      request.destroy();
    });
    socket.once('open', () => {
      socket.terminate();
      resolve('open');
    });
  });
}

describe('what the clinic’s table says', () => {
  const may = (role: string, entry: string) => clinic.gate.policy.may(principalWith(role), entry);

  test('devices see no names and do one thing at most', () => {
    const names = ['feed:waiting-room/patients', 'GET /api/waiting-room/monitor', 'GET /api/events/:id'];
    for (const device of ['kiosk', 'display', 'anonymous']) {
      expect(names.filter((entry) => may(device, entry))).toEqual([]);
    }
    const posts = clinic.routes.filter(
      ({ method, url }) =>
        ['POST', 'PUT', 'DELETE'].includes(method) && url.startsWith('/api/') && !url.includes('/auth/'),
    );
    const kiosk = posts.filter(({ entries: [entry = ''] }) => may('kiosk', entry)).map(({ url }) => url);
    expect(kiosk.toSorted()).toEqual(['/api/reception/register', '/api/waiting-room/check-in']);
    expect(posts.filter(({ entries: [entry = ''] }) => may('display', entry))).toEqual([]);
  });

  test('each role does its own steps', () => {
    expect(may('receptionist', 'POST /api/waiting-room/call-next')).toBe(false);
    expect(may('doctor', 'POST /api/waiting-room/call-next')).toBe(true);
    expect(may('doctor', 'POST /api/waiting-room/validate-payment')).toBe(false);
    expect(may('cashier', 'POST /api/waiting-room/validate-payment')).toBe(true);
    expect(may('supervisor', 'POST /api/access/accounts')).toBe(false);
    expect(may('operator', 'POST /api/dead-letters/:id/retry')).toBe(true);
    expect(may('operator', 'POST /api/access/accounts')).toBe(false);
    expect(may('administrator', 'POST /api/access/accounts')).toBe(true);
  });
});

describe('a server does not start', () => {
  const start = async (change: Partial<typeof application>) => {
    const system = Object.assign(fakeSystem(application.system), { access: clinic.gate.access });
    const { server, feeds } = await buildServer({ ...application, ...change }, system);
    feeds.close();
    await server.close();
  };
  const definitionWithout = (entry: string) => {
    const permissions = Object.fromEntries(Object.entries(clinicAccess.permissions).filter(([name]) => name !== entry));
    return { access: { ...clinicAccess, permissions } };
  };

  test.each(['POST /api/waiting-room/call-next', 'feed:waiting-room/patients'])(
    'when nobody is said to be allowed: %s',
    async (entry) => {
      await expect(start(definitionWithout(entry))).rejects.toThrow(entry);
    },
  );

  test('when an entry names a route that there is not, a role that there is not, or a route of the platform', async () => {
    const withEntry = (entry: string, roles: readonly string[]) => ({
      access: { ...clinicAccess, permissions: { ...clinicAccess.permissions, [entry]: roles } },
    });
    await expect(start(withEntry('POST /api/waiting-room/cal-next', ['doctor']))).rejects.toThrow('cal-next');
    await expect(start(withEntry('POST /api/waiting-room/call-next', ['docter']))).rejects.toThrow('docter');
    await expect(start(withEntry('POST /api/access/accounts', ['doctor']))).rejects.toThrow('the platform');
  });
});
