import { setTimeout as pause } from 'node:timers/promises';
import { signalProcess } from './process-table.ts';
import { startServer, stopServer, type RunningServer, type ServerExit, type ServerPlan } from './server-process.ts';

/** What `onCrash` is told. */
export interface CrashInfo extends ServerExit {
  /** `restarting`: it ended just now · `failed`: an attempt to start it failed, another follows · `running`: it is back */
  readonly state: 'restarting' | 'failed' | 'running';
  /** The process that ended; for `running` the new one. */
  readonly processId: number;
  /** For `failed`. */
  readonly error?: unknown;
}

export interface SupervisedServer {
  readonly processId: number;
  stop(): Promise<void>;
}

const shortestPause = 20;
const longestPause = 10_000;
/** A server that lived this long is healthy again: the pauses begin anew. */
const healthyAfter = 30_000;
const logCheckEvery = 60_000;

/**
 * Starts the server again whenever it ends without having been asked to, on the same port, since the pools of the
 * application know it. Never gives up: a full disk is emptied some day, and the pauses are capped.
 */
export function superviseServer(
  plan: ServerPlan,
  first: RunningServer,
  onCrash: (info: CrashInfo) => void,
): SupervisedServer {
  let current = first;
  let runningSince = performance.now();
  let delay = shortestPause;
  let recovery: Promise<void> = Promise.resolve();
  /** The process to end together with this one. */
  let living: number | undefined = first.processId;
  const stopping = new AbortController();
  const { signal } = stopping;

  const tell = (info: CrashInfo) => {
    try {
      onCrash(info);
    } catch (error) {
      plan.report(`The onCrash listener failed: ${String(error)}`); // it must not end the supervision
    }
  };

  const restart = async (exit: ServerExit): Promise<void> => {
    let processId = current.processId;
    tell({ state: 'restarting', processId, ...exit });
    if (performance.now() - runningSince > healthyAfter) delay = shortestPause;
    const onSpawn = (spawned: number) => {
      processId = spawned;
      living = spawned;
    };
    while (!signal.aborted) {
      try {
        await pause(delay, undefined, { signal });
        delay = Math.min(delay * 2, longestPause);
        current = await startServer(plan, async () => first.port, { onSpawn, signal });
        runningSince = performance.now();
        watch(current);
        tell({ state: 'running', processId, ...exit });
        return;
      } catch (error) {
        living = undefined;
        if (!signal.aborted) tell({ state: 'failed', processId, ...exit, error });
      }
    }
  };

  const watch = (server: RunningServer): void => {
    const onExit = async () => {
      const exit = await server.exited;
      living = undefined;
      if (!signal.aborted) recovery = restart(exit);
    };
    void onExit();
  };

  // A process that ends on an error leaves no server behind; one that is killed does, and the next start takes it over.
  const atExit = () => {
    if (living !== undefined) signalProcess(living, 'SIGINT');
  };
  process.once('exit', atExit);
  const logCheck = setInterval(() => void plan.log.bound().catch(() => undefined), logCheckEvery).unref();
  watch(first);

  return {
    get processId() {
      return current.processId;
    },
    async stop() {
      stopping.abort();
      clearInterval(logCheck);
      await recovery;
      try {
        await stopServer(current);
      } finally {
        process.removeListener('exit', atExit);
      }
    },
  };
}
