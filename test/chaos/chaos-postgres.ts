import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { findNativePackage, prepareBinaries, type Binaries } from '../../src/embedded/binaries.ts';
import { ensureCluster, ensurePassword, serverEnvironment } from '../../src/embedded/cluster.ts';
import { fileNames, reachableFolder } from '../../src/embedded/placement.ts';
import { connectionUrl, ensureDatabase } from '../../src/embedded/server-access.ts';
import { serverSettings } from '../../src/embedded/server-settings.ts';
import { serverAccount, type SystemAccount } from '../../src/embedded/system-account.ts';
import { dieWithParent } from '../support/die-with-parent.ts';
import { freePort } from '../support/free-port.ts';

const run = promisify(execFile);
const startWithinMs = 60_000;

export interface ChaosPostgresOptions {
  /** A folder that every account can reach. */
  readonly folder: string;
  /** Puts the data on a memory disk of this size: `300m`. Needs root. */
  readonly diskSize?: string;
}

/**
 * The embedded PostgreSQL under a test's own hand: nobody starts it again when it is killed. Its port stays the same.
 * Success means stored here as well: fsync is on.
 */
export class ChaosPostgres {
  readonly port: number;
  /** Folder of the cluster. */
  readonly cluster: string;
  readonly logFile: string;
  readonly #home: string;
  readonly #mounted: boolean;
  readonly #binaries: Binaries;
  readonly #account: SystemAccount | undefined;
  readonly #password: string;
  #process: ChildProcess | undefined;

  private constructor(parts: {
    readonly port: number;
    readonly home: string;
    readonly mounted: boolean;
    readonly binaries: Binaries;
    readonly account: SystemAccount | undefined;
    readonly password: string;
    readonly logFile: string;
  }) {
    this.port = parts.port;
    this.#home = parts.home;
    this.#mounted = parts.mounted;
    this.#binaries = parts.binaries;
    this.#account = parts.account;
    this.#password = parts.password;
    this.cluster = path.join(parts.home, fileNames.cluster);
    this.logFile = parts.logFile;
  }

  static async start({ folder, diskSize }: ChaosPostgresOptions): Promise<ChaosPostgres> {
    const home = path.join(folder, 'postgres');
    await mkdir(home, { recursive: true });
    if (diskSize !== undefined) await run('mount', ['-t', 'tmpfs', '-o', `size=${diskSize},mode=755`, 'tmpfs', home]);
    try {
      await chmod(home, 0o755);
      const account = await serverAccount();
      const report = () => undefined;
      const binaries = await prepareBinaries(await findNativePackage(), account, reachableFolder, report);
      const password = await ensurePassword(home);
      await ensureCluster(home, password, binaries, account, { durable: diskSize === undefined, report });
      const small = diskSize === undefined ? '' : "max_wal_size = '64MB'\nmin_wal_size = '32MB'\n";
      await writeFile(
        path.join(home, fileNames.cluster, 'postgresql.conf'),
        `${serverSettings({ durable: true, version: binaries.version })}${small}`,
      );
      const logFile = path.join(folder, 'postgres.log');
      const port = await freePort();
      const server = new ChaosPostgres({
        port,
        home,
        mounted: diskSize !== undefined,
        binaries,
        account,
        password,
        logFile,
      });
      await server.start();
      return server;
    } catch (error) {
      if (diskSize !== undefined) await run('umount', ['-l', home]);
      throw error;
    }
  }

  get pid(): number | undefined {
    const child = this.#process;
    return child === undefined || child.exitCode !== null || child.signalCode !== null ? undefined : child.pid;
  }

  /** The URL of a database, which may not exist yet. */
  url(database: string): string {
    return connectionUrl({ port: this.port, password: this.#password }, database);
  }

  createDatabase(database: string): Promise<void> {
    return ensureDatabase(() => ({ port: this.port, password: this.#password }), database);
  }

  /** Starts it and resolves when it answers. What a killed one has left behind is waited out. */
  async start(): Promise<void> {
    const end = performance.now() + startWithinMs;
    while (performance.now() < end) {
      if (this.pid === undefined) this.#spawn();
      if (await this.answers()) return;
      await pause(30);
    }
    throw new Error(`PostgreSQL did not come up.\n${(await readFile(this.logFile, 'utf8')).slice(-3_000)}`);
  }

  async answers(): Promise<boolean> {
    const client = new Client({ connectionString: this.url('postgres'), connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select 1');
      return true;
    } catch {
      return false;
    } finally {
      await Promise.race([client.end().catch(() => undefined), pause(500, undefined, { ref: false })]);
    }
  }

  /** kill -9 of the postmaster. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Immediate stop: no checkpoint, the next start recovers. */
  stopImmediately(): Promise<void> {
    return this.#end('SIGQUIT');
  }

  /** kill -9 of some server processes; the postmaster then restarts all of them by itself. Gives how many were killed. */
  async killBackends(most: number): Promise<number> {
    const children: number[] = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const status = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      if (Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1]) === this.pid) children.push(Number(name));
    }
    const backends: number[] = [];
    for (const pid of children) {
      const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (title.includes('127.0.0.1(')) backends.push(pid);
    }
    for (const pid of backends.slice(0, most)) process.kill(pid, 'SIGKILL');
    return Math.min(most, backends.length);
  }

  /** Writes until the disk is full. Only for a server on a memory disk. Gives the way to make room again. */
  async fillDisk(): Promise<() => Promise<void>> {
    if (!this.#mounted) throw new Error('Only a memory disk is filled.');
    const ballast = path.join(this.#home, 'ballast');
    // It ends with an error: that is what it is for.
    await run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k'], { timeout: 60_000 }).catch(() => undefined);
    return () => rm(ballast, { force: true });
  }

  async stop(): Promise<void> {
    await this.#end('SIGINT', 10_000);
    await this.#end('SIGKILL');
    if (this.#mounted) await run('umount', ['-l', this.#home]);
  }

  #spawn(): void {
    const command = dieWithParent(
      { program: this.#binaries.postgres, args: ['-D', this.cluster, '-p', String(this.port)] },
      this.#account,
    );
    const log = openSync(this.logFile, 'a');
    try {
      this.#process = spawn(command.program, command.args, {
        cwd: '/',
        env: serverEnvironment(),
        detached: true, // Ctrl-C in a terminal is for the test, which stops it
        stdio: ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
  }

  async #end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL', withinMs = 60_000): Promise<void> {
    const child = this.#process;
    if (child === undefined || this.pid === undefined) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await Promise.race([closed, pause(withinMs, undefined, { ref: false })]);
  }
}
