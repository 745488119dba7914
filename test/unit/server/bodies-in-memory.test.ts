import { afterEach, expect, test } from 'vitest';
import { buildServer } from '../../../src/server/build-server.ts';
import type { Application, MillraceServer } from '../../../src/server/index.ts';
import { counterApplication } from '../../support/counter-application.ts';
import { fakeSystem } from '../../support/fake-system.ts';

let server: MillraceServer;
afterEach(() => server.close());

test('bodies of unanswered requests take bounded memory: what does not fit is told to come later', async () => {
  const gate = Promise.withResolvers<void>();
  let arrived = 0;
  const slow: Application = {
    ...counterApplication,
    live: [],
    routes: (routes) => {
      routes.post('/slow', async () => {
        arrived++;
        await gate.promise;
        return { done: true };
      });
    },
  };
  ({ server } = await buildServer(slow, fakeSystem(counterApplication.system), { mostBodyBytes: 1000 }));
  const send = (size: number) =>
    server.inject({
      method: 'POST',
      url: '/slow',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify('x'.repeat(size)),
    });
  const waiting = [send(400), send(400)];
  await expect.poll(() => arrived).toBe(2);
  const refused = await send(400);
  expect(refused.statusCode).toBe(503);
  expect(refused.headers['retry-after']).toBe('1');
  expect(refused.json()).toMatchObject({ code: 'QUEUE_FULL' });
  // What has no body needs no room.
  expect((await server.inject('/health/live')).statusCode).toBe(200);
  gate.resolve();
  for (const answer of await Promise.all(waiting)) expect(answer.statusCode).toBe(200);
  expect((await send(400)).statusCode).toBe(200);
});
