import type { RunningSystem } from './running-system.ts';
import type { SystemDefinition } from './system.ts';

/**
 * What `millrace start` runs: a system, and what the application adds around it. The value that an application's entry
 * file exports under the name `application`.
 */
export interface Application {
  readonly system: SystemDefinition;
  /**
   * Adds the application's own routes. Typed by the server room (`RouteModule` in `millrace/server`), which is the only
   * one that knows HTTP.
   */
  readonly routes?: ApplicationRoutes;
  /** Folder of built pages served at `/`. */
  readonly web?: URL;
  /** Commands for `millrace load`: the request of the n-th command, sent over HTTP. */
  readonly load?: LoadScenario;
}

/** Called once at start with the server's route registrar and the running system. */
export type ApplicationRoutes = (server: unknown, system: RunningSystem) => void | Promise<void>;

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
