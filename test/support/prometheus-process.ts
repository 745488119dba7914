import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { dieWithParent } from './die-with-parent.ts';
import { findPrometheus, type PrometheusInstallation } from './prometheus-install.ts';

const startWithinMs = 30_000;

/** One of Debian's monitoring programs, in a folder of its own that is thrown away. */
export class MonitoringProcess {
  readonly folder: string;
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #onExit: () => void;
  #output = '';

  private constructor(folder: string, url: string, child: ChildProcess) {
    this.folder = folder;
    this.url = url;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.#output = (this.#output + bytes.toString()).slice(-8_000);
      });
    }
    this.#onExit = () => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    };
    process.once('exit', this.#onExit);
  }

  /**
   * Starts a program that answers at `/-/ready`, and resolves when it does. Rejects with what it wrote when it does not.
   * @param port where it listens on 127.0.0.1
   * @param files what it finds in its folder: name → text
   */
  static async start(
    name: 'prometheus' | 'alertmanager',
    port: number,
    files: Readonly<Record<string, string>>,
    args: (folder: string) => readonly string[],
  ): Promise<MonitoringProcess> {
    const program = installed()[name];
    const folder = await mkdtemp(path.join(tmpdir(), `millrace-${name}-`));
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
    const command = dieWithParent({ program, args: args(folder) });
    const child = spawn(command.program, [...command.args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const running = new MonitoringProcess(folder, `http://127.0.0.1:${port}`, child);
    const end = performance.now() + startWithinMs;
    while (!(await running.#answers())) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > end) {
        await running.stop();
        throw new Error(`${name} did not come up.\n${running.output}`);
      }
      await pause(50);
    }
    return running;
  }

  /** The end of what it wrote. */
  get output(): string {
    return this.#output;
  }

  /** Reads its configuration again. Rejects when it does not like it. */
  async reload(): Promise<void> {
    const answer = await fetch(`${this.url}/-/reload`, { method: 'POST' });
    if (!answer.ok) throw new Error(`The configuration was refused: ${await answer.text()}`);
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(path.join(this.folder, file), text);
  }

  async stop(): Promise<void> {
    process.removeListener('exit', this.#onExit);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = once(this.#child, 'close');
      // It has nothing to keep.
      this.#child.kill('SIGKILL');
      await closed;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/-/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
    } catch {
      return false;
    }
  }
}

function installed(): PrometheusInstallation {
  const found = findPrometheus();
  if (found === undefined) throw new Error('There is no Prometheus: run `npm run test:observability` as root once.');
  return found;
}
