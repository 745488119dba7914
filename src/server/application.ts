import type { AccessDefinition } from '../access/policy.ts';
import type { EventQuery } from '../store/store.ts';
import type { SystemDefinition } from '../system.ts';
import type { GrpcDefinition } from './grpc/grpc-definition.ts';
import type { LiveFeedDefinition } from './live-feed.ts';
import type { RouteModule } from './route-module.ts';

/**
 * What `millrace start` runs: a system, and what the application adds around it. The value that an application's entry
 * file exports under the name `application`.
 */
export interface Application {
  readonly system: SystemDefinition;
  /** Adds the application's own routes. */
  readonly routes?: RouteModule;
  /** Live updates by WebSocket and server-sent events. */
  readonly live?: readonly LiveFeedDefinition[];
  /** What is served by gRPC, when it is wanted. */
  readonly grpc?: GrpcDefinition;
  /** The events that `GET /api/events/{id}` shows for an id. Default: the stream of that name. */
  readonly eventsOf?: (id: string) => readonly EventQuery[];
  /** Folder of built pages served at `/`. */
  readonly web?: URL;
  /**
   * Paths that are answered with the first page, whose script shows what belongs there. A part that begins with `:`
   * stands for any one part. Default: none. @example ['/orders', '/orders/:orderId']
   */
  readonly webPaths?: readonly string[];
  /** Commands for `millrace load`: the request of the n-th command, sent over HTTP. */
  readonly load?: LoadScenario;
  /** Who may use what. Default: everybody may use everything, as long as nobody else can reach the server. */
  readonly access?: AccessDefinition;
  /** Secrets that the application was made with; outside of demonstrations `start` refuses to run without them. */
  readonly secrets?: readonly ApplicationSecret[];
  /** How long `start` waits until the system answers, in milliseconds. Default 60,000. */
  readonly openTimeoutMs?: number;
}

/** A secret that an installation has to choose for itself. */
export interface ApplicationSecret {
  /** The environment variable that holds it. */
  readonly setting: string;
  /** What is wrong with it, without the secret (`is not set`); undefined when it is one of the installation's own. */
  readonly problem: string | undefined;
}

export interface LoadRequest {
  readonly method: 'POST';
  readonly path: string;
  readonly body: object;
}

export interface LoadScenario {
  /** The n-th request (from 0) of a run. `run` is unique per run, so that ids do not repeat. */
  readonly request: (n: number, run: string) => LoadRequest;
  /** What the zero-loss check asks afterwards. Default: the answer's `position` and `eventId`. */
  readonly description: string;
}
