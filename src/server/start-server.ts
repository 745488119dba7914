import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import type { RunningSystem } from '../running-system.ts';
import type { Application } from './application.ts';

export interface ServerOptions {
  /** Address to listen on. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Hears of defects and of the start; requests are not logged. Default: none. */
  readonly logger?: FastifyBaseLogger;
  /** Metrics shown at `/metrics`. Default: one of its own. */
  readonly registry?: Registry;
  /** Who sends a request. Default: `anonymous`. */
  readonly identify?: (request: FastifyRequest) => string | Promise<string>;
  /** Shown in the API description. Default `0.0.0`. */
  readonly version?: string;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, lets requests in flight finish, ends live connections. Takes 5 seconds at most. */
  stop(): Promise<void>;
}

/**
 * Serves a running system over HTTP. Throws PORT_TAKEN.
 * @example const server = await startServer(application, system, { host: '127.0.0.1', port: 5000 });
 */
export async function startServer(
  _application: Application,
  _system: RunningSystem,
  _options: ServerOptions,
): Promise<RunningServer> {
  throw new Error('being written');
}
