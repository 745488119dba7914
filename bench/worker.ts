import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A script of `workers/` in a process of its own, with which one talks in lines. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(script: string, settings: readonly string[]) {
    const file = fileURLToPath(new URL(`workers/${script}`, import.meta.url));
    const child = spawn(process.execPath, [file, ...settings], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** The next line that it prints. Throws when it ended instead. */
  async nextLine(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('a process of the benchmark ended early');
    return line.value;
  }

  /** Waits for its end, ten seconds at most. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await once(child, 'exit');
    clearTimeout(late);
  }
}
