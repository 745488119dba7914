import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MillraceError } from '../errors.ts';
import { findNativePackage, prepareBinaries } from './binaries.ts';
import { ensureCluster, ensurePassword } from './cluster.ts';
import { lockFolder } from './folder-lock.ts';
import { fileNames, locateHome, placeFiles, type Placement } from './placement.ts';
import { livingPostmaster } from './postmaster-file.ts';
import { systemErrorCode } from './process-table.ts';
import { connectionUrl, ensureDatabase, freePort, probeServer } from './server-access.ts';
import { ServerLog } from './server-log.ts';
import {
  adoptServer,
  startFailed,
  startServer,
  stopServer,
  type RunningServer,
  type ServerPlan,
} from './server-process.ts';
import { serverSettings } from './server-settings.ts';
import { superviseServer, type CrashInfo } from './supervision.ts';
import { serverAccount, type SystemAccount } from './system-account.ts';
import { readIfThere, writeWholeFile } from './whole-file.ts';

/** A running embedded PostgreSQL. */
export interface EmbeddedPostgres {
  /** Connection URL for a database of this server, which is created when missing. Holds the password. */
  url(database: string): Promise<string>;
  /** Port on 127.0.0.1. Kept while this object lives, also when the server had to be started again. */
  readonly port: number;
  /** Where the files really are; differs from the wished folder when that one cannot be reached. */
  readonly dataFolder: string;
  /** The postmaster's process id. Changes when the server had to be started again. */
  readonly processId: number;
  /** True when a server that an earlier process left behind was taken over. */
  readonly adopted: boolean;
  /**
   * Stops the server and gives the data folder free: in order, after 20 s at once, after 5 s more by force.
   * Calling it again does nothing more.
   */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Folder for the data. Made when missing. */
  readonly dataFolder: string;
  /** Gets a line for people whenever something is worth knowing. */
  readonly report?: (line: string) => void;
  /** The server ended unexpectedly: told at once, and again when it answers again or another attempt failed. */
  readonly onCrash?: (info: CrashInfo) => void;
  /**
   * Default true. False switches fsync off: faster, and a power cut may destroy everything.
   * Only for servers whose data is thrown away, such as those of tests.
   */
  readonly durable?: boolean;
  /** Base folder for files that the server's account cannot reach in `dataFolder`. Default `/var/lib/millrace`. */
  readonly reachableFolder?: string;
}

/** Takes over a server that runs in this folder already, when it is in order and has today's settings. */
async function adoptLeftServer(plan: ServerPlan, settings: string): Promise<RunningServer | undefined> {
  const limit = performance.now() + 60_000;
  for (;;) {
    const left = await livingPostmaster(plan.cluster);
    if (!left) return undefined;
    const answer = left.port > 0 ? await probeServer({ port: left.port, password: plan.password }) : undefined;
    if (answer?.state === 'ready' && answer.clusterFolder === plan.cluster) {
      const server = adoptServer(left.processId, left.port, plan.cluster);
      if ((await readIfThere(path.join(plan.cluster, 'postgresql.conf'))) === settings) {
        plan.report(`Took over the PostgreSQL server that was left running (process ${left.processId}).`);
        return server;
      }
      await stopServer(server); // it runs with the settings of another version or machine
      return undefined;
    }
    // A server that starts or stops is waited for: it will answer, or end.
    if (answer?.state === 'refused' || performance.now() > limit) {
      throw await startFailed(
        plan,
        `A PostgreSQL server (process ${left.processId}) works in ${plan.cluster} and cannot be used: stop it first.`,
        answer && 'error' in answer ? answer.error : undefined,
      );
    }
    await pause(50);
  }
}

async function startInPlace(
  placement: Placement,
  account: SystemAccount | undefined,
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const report = options.report ?? (() => undefined);
  const durable = options.durable ?? true;
  const { home } = placement;

  const lock = await lockFolder(path.join(home, fileNames.locks), placement.wished);
  try {
    const [binaries, password] = await Promise.all([
      findNativePackage().then((found) => prepareBinaries(found, account, placement.copies, report)),
      ensurePassword(home),
    ]);
    await ensureCluster(home, password, binaries, account, { durable, report });
    const cluster = await realpath(path.join(home, fileNames.cluster));
    const log = new ServerLog(path.join(home, fileNames.log));
    const plan: ServerPlan = { binaries, account, cluster, password, log, report };
    const settings = serverSettings({ durable, version: binaries.version });

    const left = await adoptLeftServer(plan, settings);
    const kept = Number(await readIfThere(path.join(home, fileNames.port)));
    let server = left;
    if (!server) {
      const owner = account && { uid: account.uid, gid: account.gid };
      await writeWholeFile(path.join(cluster, 'postgresql.conf'), settings, { mode: 0o600, owner });
      const nextPort = () => freePort(kept > 0 && kept < 65_536 ? kept : undefined);
      server = await startServer(plan, nextPort, { onSpawn: () => undefined });
    }
    const { port } = server;
    if (port !== kept) await writeWholeFile(path.join(home, fileNames.port), `${port}\n`, { mode: 0o644 });

    const supervised = superviseServer(plan, server, options.onCrash ?? (() => undefined));
    const stopAll = async () => {
      try {
        await supervised.stop();
      } finally {
        await lock.release();
      }
    };
    let stopped: Promise<void> | undefined;
    return {
      port,
      dataFolder: home,
      adopted: left !== undefined,
      get processId() {
        return supervised.processId;
      },
      async url(database) {
        if (stopped) throw new MillraceError('STOPPING', 'The embedded PostgreSQL was stopped.');
        await ensureDatabase(() => ({ port, password }), database);
        return connectionUrl({ port, password }, database);
      },
      stop() {
        stopped ??= stopAll();
        return stopped;
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Starts the embedded PostgreSQL on a data folder, or takes over the one that an earlier process left running there.
 *
 * Errors: DATA_IN_USE when another living process uses the folder; POSTGRES_START_FAILED with the last lines of the
 * server's log for everything else.
 * @example
 * const postgres = await startEmbeddedPostgres({ dataFolder: '.millrace', report: console.log });
 * const pool = new pg.Pool({ connectionString: await postgres.url('event_store') });
 * // ...
 * await postgres.stop();
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    const home = await locateHome(path.resolve(options.dataFolder));
    const account = await serverAccount(path.join(home, fileNames.cluster));
    const report = options.report ?? (() => undefined);
    const placement = await placeFiles(path.resolve(options.dataFolder), account, report, options.reachableFolder);
    return await startInPlace(placement, account, options);
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const closed = ['EACCES', 'EPERM'].includes(systemErrorCode(cause));
    const hint = closed ? ' The data folder may belong to another account, such as root after a start as root.' : '';
    throw new MillraceError('POSTGRES_START_FAILED', `The embedded PostgreSQL did not start: ${reason}.${hint}`, {
      cause,
    });
  }
}
