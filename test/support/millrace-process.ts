import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const millraceProgram = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));
const thingsApp = fileURLToPath(new URL('things-application.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A place to start Millrace in: a data folder with spaces in its name, a free port, and the processes started there. */
export class MillracePlace {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #processes: ChildProcess[] = [];

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.env = { ...process.env, PORT: String(port), MILLRACE_DATA: path.join(folder, 'the data'), LOG_LEVEL: 'warn' };
  }

  static async make(): Promise<MillracePlace> {
    const folder = await mkdtemp(path.join(tmpdir(), 'millrace place '));
    await chmod(folder, 0o755); // an unprivileged PostgreSQL has to reach it
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    if (address === null || typeof address === 'string') throw new Error('There is no free port.');
    return new MillracePlace(folder, address.port);
  }

  /** Starts any program here; it is killed with the place when it still runs. */
  spawn(program: string, args: readonly string[], cwd = this.folder): ChildProcess & { output: () => string } {
    const child = spawn(program, args, { env: this.env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
    }
    this.#processes.push(child);
    return Object.assign(child, { output: () => output });
  }

  start(...args: string[]): ReturnType<MillracePlace['spawn']> {
    return this.spawn(process.execPath, [millraceProgram, 'start', '--app', thingsApp, ...args]);
  }

  /** Runs a command to its end. */
  async run(...args: string[]): Promise<Ended> {
    const child = spawn(process.execPath, [millraceProgram, ...args], { env: this.env, cwd: this.folder });
    const written = { out: '', err: '' };
    child.stdout.on('data', (bytes: Buffer) => (written.out += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (written.err += bytes.toString()));
    await once(child, 'close');
    return { code: child.exitCode, ...written };
  }

  /** Runs a command that needs the application. */
  runWithApp(command: string, ...args: string[]): Promise<Ended> {
    return this.run(command, ...args, '--app', thingsApp);
  }

  /** Waits until commands can be accepted; fails when the process ends before. */
  async ready(child: ReturnType<MillracePlace['spawn']>): Promise<void> {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`It ended instead of starting: ${child.output()}`);
      const isReady = await fetch(`${this.url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      // The file comes last.
      if (isReady && existsSync(path.join(this.folder, 'the data', 'server.json'))) return;
      await pause(20);
    }
  }

  /** The process id of the PostgreSQL that runs here; undefined when none does. */
  async postgres(): Promise<number | undefined> {
    const file = path.join(this.folder, 'the data', 'postgres', 'postmaster.pid');
    const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
    return pid > 0 ? pid : undefined;
  }

  async remove(): Promise<void> {
    for (const child of this.#processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    const left = await this.postgres();
    if (left !== undefined) {
      process.kill(left, 'SIGINT');
      while ((await this.postgres()) !== undefined) await pause(20);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
