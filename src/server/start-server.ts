import type { AddressInfo, Socket } from 'node:net';
import { MillraceError } from '../errors.ts';
import type { RunningSystem } from '../running-system.ts';
import { accessSettingsFor } from './access/access-settings.ts';
import type { Application } from './application.ts';
import { buildHealthServer } from './build-health-server.ts';
import { buildServer, type BuildOptions } from './build-server.ts';
import type { GrpcOptions, RunningGrpcServer } from './grpc/start-grpc-server.ts';
import type { LiveFeeds } from './live-feeds.ts';
import type { MillraceServer } from './route-module.ts';

export interface ServerOptions extends BuildOptions {
  /** Address to listen on. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Serves the application's gRPC methods as well. Default: no. */
  readonly grpc?: GrpcOptions;
}

export interface RunningServer {
  /** Where a browser on this machine finds it. */
  readonly url: string;
  readonly port: number;
  /** `host:port` of gRPC; undefined when it is not served. */
  readonly grpc: string | undefined;
  /** Stops accepting, lets requests in flight finish, ends live connections. Takes 5 seconds at most. */
  readonly stop: () => Promise<void>;
}

const stopWithinMs = 5_000;
/** Calls in flight by gRPC have this long of it. */
const grpcStopMs = 2_000;
/** Live clients have this long to say goodbye. */
const goodbyeMs = 1_000;

/**
 * Serves a running system over HTTP. Throws PORT_TAKEN.
 * @example const server = await startServer(application, system, { host: '127.0.0.1', port: 5000 });
 */
export async function startServer(
  application: Application,
  system: RunningSystem,
  options: ServerOptions,
): Promise<RunningServer> {
  const access = options.access ?? accessSettingsFor(options.host);
  const built = await buildServer(application, system, { ...options, access });
  const { server, feeds } = built;
  if (options.grpc === undefined || application.grpc === undefined) return listen(server, options, feeds);
  await server.ready();
  const { startGrpcServer } = await import('./grpc/start-grpc-server.ts');
  let grpc: RunningGrpcServer;
  try {
    grpc = await startGrpcServer(application.grpc, built, { host: options.host, ...options.grpc });
  } catch (error) {
    feeds.close();
    await server.close();
    throw error;
  }
  return listen(server, options, feeds, grpc);
}

/**
 * Serves the health routes alone, for a process without the API. Throws PORT_TAKEN.
 * @example const health = await startHealthServer(system, { host: '0.0.0.0', port: 8081 });
 */
export async function startHealthServer(
  system: RunningSystem,
  options: Pick<ServerOptions, 'host' | 'port' | 'logger'>,
): Promise<RunningServer> {
  return listen(await buildHealthServer(system, options.logger), options, undefined);
}

async function listen(
  server: MillraceServer,
  { host, port: wanted }: Pick<ServerOptions, 'host' | 'port'>,
  feeds: LiveFeeds | undefined,
  grpc?: RunningGrpcServer,
): Promise<RunningServer> {
  // The HTTP server forgets connections that were upgraded, and does not count those that never sent anything as idle.
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  try {
    await server.listen({ host, port: wanted });
  } catch (error) {
    feeds?.close();
    await grpc?.stop(0);
    await server.close();
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      const setting = feeds === undefined ? 'HEALTH_PORT' : 'PORT';
      throw new MillraceError('PORT_TAKEN', `Port ${wanted} is taken. Set ${setting} to another one.`, {
        cause: error,
      });
    }
    throw error;
  }
  const { port } = addressOf(server.server.address());
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    feeds?.close();
    // A connection that was busy when the closing began is idle later, and would be waited for.
    const idle = setInterval(() => {
      server.server.closeIdleConnections();
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }, 50);
    const goodbye = setTimeout(() => feeds?.drop(), goodbyeMs);
    const enough = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, stopWithinMs);
    try {
      // First, since its calls are requests to this server.
      await grpc?.stop(grpcStopMs);
      await server.close();
    } finally {
      clearInterval(idle);
      clearTimeout(goodbye);
      clearTimeout(enough);
    }
  }

  return {
    url: `http://${shownHost(host)}:${port}`,
    port,
    grpc: grpc && `${shownHost(host)}:${grpc.port}`,
    stop: () => (stopped ??= stop()),
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new TypeError('The server does not listen on a port.');
  return address;
}

/** An address that means "all" is no address to open. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
