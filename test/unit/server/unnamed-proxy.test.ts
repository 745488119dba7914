import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MillraceServer } from '../../../src/server/index.ts';
import { watchForUnnamedProxy } from '../../../src/server/unnamed-proxy.ts';

let warnings: string[];
let server: MillraceServer;

beforeEach(() => {
  warnings = [];
  const nothing = () => undefined;
  const logger: FastifyBaseLogger = {
    ...{
      level: 'warn',
      fatal: nothing,
      error: nothing,
      info: nothing,
      debug: nothing,
      trace: nothing,
      silent: nothing,
    },
    warn: (_fields: unknown, text?: string) => void warnings.push(String(text)),
    child: () => logger,
  };
  server = Fastify({ loggerInstance: logger }).withTypeProvider<TypeBoxTypeProvider>();
  watchForUnnamedProxy(server);
  server.get('/', () => ({}));
});
afterEach(() => server.close());

const get = (headers: Record<string, string>) => server.inject({ method: 'GET', url: '/', headers });

test('a proxy that is not named is said once, and without any address', async () => {
  await get({});
  expect(warnings).toEqual([]);
  await get({ 'x-forwarded-for': '192.0.2.7' });
  await get({ 'x-forwarded-for': '192.0.2.8' });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('TRUSTED_PROXIES');
  expect(warnings[0]).not.toContain('192.0.2');
});
