import Fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { RunningSystem } from '../running-system.ts';
import { addFailureAnswers, answerBrokenConnection, answerFailure } from './failures.ts';
import { KnownPaths } from './known-paths.ts';
import { addRequestContext } from './request-context.ts';
import type { MillraceServer } from './route-module.ts';
import { healthRoutes } from './routes/health-routes.ts';

/** A server with the health routes and nothing else, for a process without the API. */
export async function buildHealthServer(system: RunningSystem, logger?: FastifyBaseLogger): Promise<MillraceServer> {
  const server: MillraceServer = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: 30_000,
    http: { shouldUpgradeCallback: () => false },
    frameworkErrors: answerFailure,
    clientErrorHandler: answerBrokenConnection,
  }).withTypeProvider<TypeBoxTypeProvider>();
  const paths = new KnownPaths();
  server.decorate('system', system);
  server.addHook('onRoute', (route) => paths.add(route.url, route.method));
  addRequestContext(server, undefined);
  addFailureAnswers(server, paths);
  await healthRoutes(server, system);
  return server;
}
