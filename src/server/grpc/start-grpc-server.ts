import net from 'node:net';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { MillraceError } from '../../errors.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { LiveFeeds } from '../live-feeds.ts';
import type { MillraceServer } from '../route-module.ts';
import { checkDefinition } from './check-definition.ts';
import { shapesOf } from './descriptors.ts';
import { FailureStatuses } from './failure-status.ts';
import type { GrpcDefinition } from './grpc-definition.ts';
import { HealthCalls } from './health-calls.ts';
import { liveCall } from './live-calls.ts';
import { loadForReflection, loadProtos, methodName, platformProtos, serviceIn, servicesIn } from './protos.ts';
import { calledRoute } from './route-request.ts';
import { unaryCall } from './unary-calls.ts';

/** Where gRPC is served, and how. */
export interface GrpcOptions {
  /** Default: the address of the HTTP server. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** When the port is taken, the next free one of the 20 behind it. Default: PORT_TAKEN. */
  readonly orNextFree?: boolean;
  /** Certificate chain and key, in PEM. Without them the connection is plain. */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer };
}

export interface RunningGrpcServer {
  readonly port: number;
  /** Refuses new calls, waits for those in flight and cuts off what is left after `withinMs`. */
  readonly stop: (withinMs: number) => Promise<void>;
}

/** A message is no longer than the body of a request. */
const largestMessage = 64 * 1024;
const nextPorts = 20;

const channelOptions = {
  'grpc.max_receive_message_length': largestMessage,
  'grpc.max_concurrent_streams': 1_000,
  // Finds out that a client is gone which did not say so.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/**
 * Serves a definition beside the HTTP server whose routes it calls. Throws DEFINITION_INVALID and PORT_TAKEN.
 * @param host the address of the HTTP server
 */
export async function startGrpcServer(
  definition: GrpcDefinition,
  http: { readonly server: MillraceServer; readonly feeds: LiveFeeds; readonly metrics: Metrics },
  options: GrpcOptions & { readonly host: string },
): Promise<RunningGrpcServer> {
  const { server: routes, feeds, metrics } = http;
  const found = loadProtos(definition.protos);
  checkDefinition(definition, shapesOf(found), feeds.definitions);
  const failures = new FailureStatuses(definition.alreadyExists ?? []);
  const server = new Server(channelOptions);

  for (const [, service] of servicesIn(found)) {
    const calls: UntypedServiceImplementation = {};
    for (const [name, method] of Object.entries(service)) {
      const fullName = methodName(method);
      const unary = definition.methods[fullName];
      const stream = definition.streams?.[fullName];
      if (unary !== undefined) {
        const time = () => {
          const end = metrics.grpcCallDuration.startTimer();
          return (code: number) => {
            metrics.grpcCalls.inc({ method: fullName, code });
            end();
          };
        };
        calls[name] = unaryCall(routes, calledRoute(fullName, unary), failures, time);
      } else if (stream !== undefined) {
        calls[name] = liveCall(routes, feeds.tailOf(stream.feed), feeds, failures);
      }
    }
    server.addService(service, calls);
  }
  const healthFiles = platformProtos('grpc/health/v1/health.proto');
  const health = new HealthCalls(
    routes,
    servicesIn(found).map(([name]) => name),
  );
  server.addService(serviceIn(loadProtos(healthFiles), 'grpc.health.v1.Health'), health.implementation);
  new ReflectionService(loadForReflection([...definition.protos, ...healthFiles])).addToServer(server);

  const port = await bind(server, options);
  return { port, stop: (withinMs) => stop(server, health, withinMs) };
}

async function bind(server: Server, { host, port, orNextFree, tls }: GrpcOptions & { host: string }): Promise<number> {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }]);
  const last = port !== 0 && orNextFree === true ? Math.min(port + nextPorts, 65_535) : port;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  for (let tried = port; ; tried++) {
    if (tried < last && !(await isFree(host, tried))) continue;
    try {
      return await new Promise<number>((resolve, reject) => {
        server.bindAsync(`${shownHost}:${tried}`, credentials, (error, bound) =>
          error === null ? resolve(bound) : reject(error),
        );
      });
    } catch (cause) {
      if (tried >= last) {
        server.forceShutdown();
        throw new MillraceError('PORT_TAKEN', `Port ${tried} is taken. Set GRPC_PORT to another one.`, { cause });
      }
    }
  }
}

/** Asked before, since the library writes to standard error when a port is taken. */
async function isFree(host: string, port: number): Promise<boolean> {
  const probe = net.createServer();
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen({ host, port, exclusive: true }, () => resolve(true));
  });
  if (free) await new Promise((resolve) => probe.close(resolve));
  return free;
}

async function stop(server: Server, health: HealthCalls, withinMs: number): Promise<void> {
  health.stop();
  const ended = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const enough = setTimeout(() => server.forceShutdown(), withinMs);
  try {
    await ended;
  } finally {
    clearTimeout(enough);
  }
}
