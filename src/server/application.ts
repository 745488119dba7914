import type { EventQuery } from '../store/store.ts';
import type { SystemDefinition } from '../system.ts';
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
  /** How long `start` waits until the system answers, in milliseconds. Default 60,000. */
  readonly openTimeoutMs?: number;
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
