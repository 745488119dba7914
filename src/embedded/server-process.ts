import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { serverEnvironment } from './cluster.ts';
import { disarmPostmasterFile } from './postmaster-file.ts';
import { isPostgresOf, postgresProcessesOf, signalProcess } from './process-table.ts';
import { probeServer } from './server-access.ts';
import type { ServerLog } from './server-log.ts';
import type { SystemAccount } from './system-account.ts';

/** How a server ended. Both are null for one that this process did not start itself. */
export interface ServerExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server that answers. */
export interface RunningServer {
  readonly processId: number;
  readonly port: number;
  /** Settles when the server has ended; never rejects. */
  readonly exited: Promise<ServerExit>;
}

/** Everything a start needs to know. */
export interface ServerPlan {
  readonly binaries: Binaries;
  readonly account: SystemAccount | undefined;
  /** The cluster folder, as a real path. */
  readonly cluster: string;
  readonly password: string;
  readonly log: ServerLog;
  readonly report: (line: string) => void;
}

const limits = {
  /** Between the spawn and the first answer of any kind. */
  silence: 30_000,
  /** Crash recovery may have gigabytes of log to replay; it is waited for as long as the server says so. */
  recovery: 600_000,
  /** Waiting for what an earlier server left. */
  leftovers: 30_000,
  /** After this long, leftover backends are told to quit. */
  patience: 1_000,
  stop: [
    ['SIGINT', 20_000], // fast: disconnects everybody, then a checkpoint
    ['SIGQUIT', 5_000], // immediate: the next start recovers
    ['SIGKILL', 5_000],
  ],
} as const;

/** Resolves to true when the promise settles in time. Keeps the process alive meanwhile. */
export async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, pause(milliseconds, false, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

function spawnServer(plan: ServerPlan, port: number, output: number): Promise<ChildProcess & { pid: number }> {
  return new Promise((resolve, reject) => {
    const identity = plan.account ? { uid: plan.account.uid, gid: plan.account.gid } : {};
    const child = spawn(plan.binaries.postgres, ['-D', plan.cluster, '-p', String(port)], {
      ...identity,
      cwd: '/',
      env: serverEnvironment(),
      // Its own session: Ctrl-C in the terminal reaches Millrace only, which drains first and stops the server last.
      detached: true,
      stdio: ['ignore', output, output],
    });
    child.once('error', reject);
    child.once('spawn', () => {
      const { pid } = child;
      if (pid === undefined) reject(new Error('The process has no number.'));
      else resolve(Object.assign(child, { pid }));
    });
  });
}

type Attempt = { outcome: 'running'; server: RunningServer } | { outcome: 'ended'; exit: ServerExit; said: string };

/** Who wants to know about a start while it goes on. */
export interface StartWatcher {
  onSpawn(processId: number): void;
  /** Gives the start up: the server that is being started is stopped again. */
  readonly signal?: AbortSignal;
}

/** Starts the server once and waits until it answers or ends. */
async function attemptStart(plan: ServerPlan, port: number, watcher: StartWatcher): Promise<Attempt> {
  await plan.log.bound();
  const before = await plan.log.length();
  const output = await plan.log.openForServer();
  let child;
  try {
    child = await spawnServer(plan, port, output.fd);
  } finally {
    await output.close();
  }
  watcher.onSpawn(child.pid);
  let exit: ServerExit | undefined;
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      exit = { exitCode, signal };
      resolve(exit);
    });
  });
  child.unref(); // the application decides how long this process lives

  const began = performance.now();
  let reportedAt = began;
  let lastAnswer: unknown;
  for (let wait = 10; ; wait = Math.min(wait * 1.5, 100)) {
    if (exit) return { outcome: 'ended', exit, said: await plan.log.since(before) };
    const probe = await probeServer({ port, password: plan.password });
    if (probe.state === 'ready') {
      if (probe.clusterFolder === plan.cluster) {
        return { outcome: 'running', server: { processId: child.pid, port, exited } };
      }
      lastAnswer = new Error(`Port ${port} belongs to a server of ${probe.clusterFolder}.`);
    } else {
      lastAnswer = probe.error;
    }
    if (watcher.signal?.aborted) {
      await stopServer({ processId: child.pid, port, exited });
      throw watcher.signal.reason;
    }
    const now = performance.now();
    if (probe.state === 'busy' && now - reportedAt > 5_000) {
      reportedAt = now;
      plan.report('PostgreSQL is recovering after a crash; waiting for it.');
    }
    if (now - began > (probe.state === 'busy' ? limits.recovery : limits.silence)) {
      await stopServer({ processId: child.pid, port, exited });
      throw await startFailed(plan, 'PostgreSQL was started and did not answer in time.', lastAnswer);
    }
    await settlesWithin(exited, wait);
  }
}

/** The error of a start, with the last lines of the server's log. */
export async function startFailed(plan: ServerPlan, message: string, cause?: unknown): Promise<MillraceError> {
  const lines = await plan.log.lastLines();
  const details = cause === undefined ? {} : { cause };
  return new MillraceError(
    'POSTGRES_START_FAILED',
    `${message} Its log ${plan.log.file} ends with:\n${lines || '(nothing)'}`,
    details,
  );
}

/**
 * Starts the server on one of the offered ports. Waits out what an earlier server left behind.
 * @param nextPort asked before the first attempt and whenever the port turned out to be taken
 */
export async function startServer(
  plan: ServerPlan,
  nextPort: () => Promise<number>,
  watcher: StartWatcher,
): Promise<RunningServer> {
  const began = performance.now();
  let port = await nextPort();
  let portsTried = 1;
  for (let wait = 50; ; wait = Math.min(wait * 2, 500)) {
    await disarmPostmasterFile(plan.cluster);
    const attempt = await attemptStart(plan, port, watcher);
    if (attempt.outcome === 'running') return attempt.server;

    const waited = performance.now() - began;
    const { said, exit } = attempt;
    if (/Address already in use|could not create any TCP\/IP sockets/.test(said) && portsTried < 10) {
      portsTried += 1;
      port = await nextPort();
    } else if (/pre-existing shared memory block|lock file .* already exists/.test(said) && waited < limits.leftovers) {
      // The postmaster was killed and its backends have not noticed yet. One that is busy in a long query does not
      // notice at all; SIGQUIT ends it at once, and its transaction was lost with the postmaster anyway.
      if (waited > limits.patience) {
        for (const processId of await postgresProcessesOf(plan.cluster)) signalProcess(processId, 'SIGQUIT');
      }
    } else {
      throw await startFailed(plan, `PostgreSQL ended with ${exit.signal ?? `code ${exit.exitCode}`} while starting.`);
    }
    await pause(wait, undefined, watcher.signal && { signal: watcher.signal });
  }
}

/** Watches a server that another process started: there is no exit event, so it is looked at four times a second. */
export function adoptServer(processId: number, port: number, cluster: string): RunningServer {
  const exited = new Promise<ServerExit>((resolve) => {
    const look = async () => {
      if (await isPostgresOf(processId, cluster)) setTimeout(() => void look(), 250).unref();
      else resolve({ exitCode: null, signal: null });
    };
    void look();
  });
  return { processId, port, exited };
}

/** Stops a server: in order, then at once, then by force. Each step is bounded. */
export async function stopServer(server: RunningServer): Promise<void> {
  if (await settlesWithin(server.exited, 0)) return; // its number may belong to another process by now
  for (const [signal, limit] of limits.stop) {
    signalProcess(server.processId, signal);
    if (await settlesWithin(server.exited, limit)) return;
  }
  throw new MillraceError('POSTGRES_START_FAILED', `PostgreSQL (process ${server.processId}) does not end.`);
}
