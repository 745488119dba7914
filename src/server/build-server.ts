import Fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Registry } from 'prom-client';
import type { RunningSystem } from '../running-system.ts';
import { metricsIn, type Metrics } from '../telemetry/metrics.ts';
import type { FinishedRequest } from '../telemetry/way.ts';
import { accessSettingsFor, type AccessSettings } from './access/access-settings.ts';
import { addAccess, addNoAccess } from './access/add-access.ts';
import { administrationRoutes } from './access/administration-routes.ts';
import { authRoutes } from './access/auth-routes.ts';
import { oidcRoutes } from './access/oidc-routes.ts';
import type { Application } from './application.ts';
import { addBodyBound } from './bodies-in-memory.ts';
import { addDocumentation } from './documentation.ts';
import { addFailureAnswers, answerBrokenConnection, answerFailure } from './failures.ts';
import { addHttpMetrics } from './http-metrics.ts';
import { addJsonBody } from './json-body.ts';
import { KnownPaths } from './known-paths.ts';
import { LiveFeeds } from './live-feeds.ts';
import { addLiveRoutes } from './live-routes.ts';
import { addRequestContext, type Identify } from './request-context.ts';
import { addRequestTracing } from './request-tracing.ts';
import { addRequestLog } from './request-log.ts';
import { closed, compileValidator } from './request-validation.ts';
import type { MillraceServer } from './route-module.ts';
import { archiveRoutes } from './routes/archive-routes.ts';
import { deadLetterRoutes } from './routes/dead-letter-routes.ts';
import { eventRoutes } from './routes/event-routes.ts';
import { healthRoutes } from './routes/health-routes.ts';
import { logRoutes } from './routes/log-routes.ts';
import { lagRoutes } from './routes/lag-routes.ts';
import { addMetricsRoute } from './routes/metrics-route.ts';
import { operationRoutes } from './routes/operation-routes.ts';
import { projectionRoutes } from './routes/projection-routes.ts';
import { rebuildRoutes } from './routes/rebuild-routes.ts';
import { refusedEventRoutes } from './routes/refused-event-routes.ts';
import { watchForUnnamedProxy } from './unnamed-proxy.ts';
import { addWebPages } from './web-pages.ts';

/** What a server can be told besides where to listen. */
export interface BuildOptions {
  /** Hears of defects; requests are not logged. Default: none. */
  readonly logger?: FastifyBaseLogger;
  /** Hears of every request that was answered. Default: nobody does. */
  readonly onRequestDone?: (request: FinishedRequest) => void;
  /** Metrics shown at `/metrics`. Default: a registry of its own. */
  readonly registry?: Registry;
  /** How it is known who sends a request, for an application with `access`. Default: as for a server that others reach. */
  readonly access?: AccessSettings;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[];
  /** Who sends a request, for an application without `access`. Default: `anonymous`. */
  readonly identify?: Identify;
  /** Shown in the API description. Default `0.0.0`. */
  readonly version?: string;
  /** Bytes that the bodies of unanswered requests may have together. Default: 128 MiB. */
  readonly mostBodyBytes?: number;
  /** For live updates: default 15,000 ms and 5,000 clients. */
  readonly live?: { readonly heartbeatMs?: number; readonly mostSubscribers?: number };
}

/** A server and what else has to be known of it. */
export interface BuiltServer {
  readonly server: MillraceServer;
  readonly feeds: LiveFeeds;
  readonly metrics: Metrics;
}

/** Bytes. */
const largestBody = 64 * 1024;
const mostBodyBytes = 128 * 1024 * 1024;

/** A server that is complete and does not listen yet. */
export async function buildServer(
  application: Application,
  system: RunningSystem,
  options: BuildOptions = {},
): Promise<BuiltServer> {
  const { trustedProxies = [] } = options;
  const hasFeeds = application.live !== undefined && application.live.length > 0;
  const server: MillraceServer = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: largestBody,
    ...(trustedProxies.length === 0 ? {} : { trustProxy: [...trustedProxies] }),
    routerOptions: { maxParamLength: 500 },
    requestTimeout: 30_000,
    // What comes in while the server stops is still answered; its connection ends behind it.
    return503OnClosing: false,
    // Any other upgrade is an offer that need not be taken.
    http: { shouldUpgradeCallback: ({ headers }) => hasFeeds && headers.upgrade?.toLowerCase() === 'websocket' },
    frameworkErrors: answerFailure,
    clientErrorHandler: answerBrokenConnection,
  }).withTypeProvider<TypeBoxTypeProvider>();
  const registry = options.registry ?? new Registry();
  const metrics = metricsIn(registry);
  const paths = new KnownPaths();
  const feeds = new LiveFeeds(application.live ?? [], system, server.log, options.live);

  server.decorate('system', system);
  server.setValidatorCompiler(({ schema, httpPart }) => compileValidator(schema, httpPart));
  server.addHook('onRoute', (route) => {
    paths.add(route.url, route.method);
    // Closed here as well, so that the description says what the validator does.
    const { schema } = route;
    if (schema?.body !== undefined) schema.body = closed({ ...asObject(schema.body) });
    if (schema?.querystring !== undefined) schema.querystring = closed({ ...asObject(schema.querystring) });
  });
  addJsonBody(server);
  addRequestContext(server, application.access === undefined ? options.identify : undefined);
  if (system.tracing !== undefined) addRequestTracing(server, system.tracing);
  addFailureAnswers(server, paths);
  const gate =
    application.access === undefined
      ? addNoAccess(server)
      : await addAccess(server, system, application.access, options.access ?? accessSettingsFor(''));
  const openly = (add: () => Promise<void>) => (gate === undefined ? add() : gate.whilePublic(add));
  if (gate !== undefined && trustedProxies.length === 0) watchForUnnamedProxy(server);
  addBodyBound(server, options.mostBodyBytes ?? mostBodyBytes, largestBody);
  addHttpMetrics(server, metrics);
  if (options.onRequestDone !== undefined) addRequestLog(server, options.onRequestDone);
  // What the API is like is no secret.
  await openly(() => addDocumentation(server, application.system.name, options.version ?? '0.0.0'));

  const replaced = () => feeds.replaced();
  const eventsOf = application.eventsOf ?? ((id: string) => [{ stream: id }]);
  addMetricsRoute(server, registry, metrics, feeds);
  for (const routes of [
    healthRoutes,
    eventRoutes(eventsOf),
    projectionRoutes,
    rebuildRoutes(replaced),
    operationRoutes,
    lagRoutes,
    logRoutes,
    archiveRoutes,
    deadLetterRoutes(replaced),
    refusedEventRoutes,
  ]) {
    await routes(server, system);
  }
  if (gate !== undefined) {
    authRoutes(server, gate);
    oidcRoutes(server, gate);
    administrationRoutes(server, gate);
  }
  await addLiveRoutes(server, feeds);
  if (application.routes !== undefined) await application.routes(server, system);
  const { web, webPaths } = application;
  if (web !== undefined) await openly(() => addWebPages(server, web, webPaths));
  gate?.assertComplete(application.live ?? []);
  return { server, feeds, metrics };
}

function asObject(schema: unknown): object {
  return typeof schema === 'object' && schema !== null ? schema : {};
}
