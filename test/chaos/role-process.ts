import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Role } from '../../src/running-system.ts';
import { dieWithParent } from '../support/die-with-parent.ts';
import { millraceProgram } from '../support/millrace-process.ts';

const startWithinMs = 60_000;
const stopWithinMs = 15_000;

/** One process of `millrace start --role …`, which is killed, frozen and started again. */
export class RoleProcess {
  readonly role: Role;
  /** `relay-2` */
  readonly name: string;
  readonly url: string;
  readonly logFile: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(role: Role, name: string, port: number, folder: string, settings: NodeJS.ProcessEnv) {
    this.role = role;
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.logFile = path.join(folder, `${name}.log`);
    this.#folder = path.join(folder, name);
    const own = Object.entries(process.env).filter(([key]) => !key.startsWith('MILLRACE_'));
    this.#environment = {
      ...Object.fromEntries(own),
      LOG_LEVEL: 'info',
      ...settings,
      PORT: String(port),
      MILLRACE_DATA: this.#folder,
      MILLRACE_MIGRATE: 'no',
    };
  }

  get pid(): number | undefined {
    const child = this.#process;
    return child === undefined || child.exitCode !== null || child.signalCode !== null ? undefined : child.pid;
  }

  /** Starts it, when it does not run. An API process is waited for until it accepts commands. */
  async start(): Promise<void> {
    if (this.pid !== undefined) return;
    await mkdir(this.#folder, { recursive: true });
    const args = [millraceProgram, 'start', '--role', this.role];
    const command = dieWithParent({ program: process.execPath, args });
    const log = openSync(this.logFile, 'a');
    try {
      this.#process = spawn(command.program, command.args, {
        env: this.#environment,
        detached: true, // Ctrl-C in a terminal is for the test, which stops it
        stdio: ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
    if (this.role === 'api') await this.#ready();
  }

  async #ready(): Promise<void> {
    const end = performance.now() + startWithinMs;
    for (;;) {
      const isReady = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2_000) }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return;
      if (this.pid === undefined || performance.now() > end) {
        throw new Error(`${this.name} did not come up; see ${this.logFile}.`);
      }
      await pause(50);
    }
  }

  /** kill -9 */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await this.#end('SIGKILL');
  }

  /** SIGSTOP: it stands still, with its connections open. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || this.pid === undefined) return;
    const closed = once(child, 'close');
    child.kill('SIGCONT');
    child.kill(signal);
    await Promise.race([closed, pause(stopWithinMs, undefined, { ref: false })]);
  }
}
