import Fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Registry } from 'prom-client';
import type { RunningSystem } from '../running-system.ts';
import { metricsIn } from '../telemetry/metrics.ts';
import { addFailureAnswers, answerBrokenConnection, answerFailure } from './failures.ts';
import { addHttpMetrics } from './http-metrics.ts';
import { KnownPaths } from './known-paths.ts';
import { addRequestContext } from './request-context.ts';
import type { MillraceServer } from './route-module.ts';
import { healthRoutes } from './routes/health-routes.ts';
import { addMetricsRoute } from './routes/metrics-route.ts';

/**
 * A server with the health routes and the metrics, for a process without the API. Where the API is served as well, the
 * metrics are told there, and here the health alone.
 */
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
  if (!system.roles.includes('api')) {
    const registry = new Registry();
    const metrics = metricsIn(registry);
    addHttpMetrics(server, metrics);
    addMetricsRoute(server, registry, metrics);
  }
  await healthRoutes(server, system);
  return server;
}
