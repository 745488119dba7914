import { Worker } from 'node:worker_threads';
import type { WriteLog } from './log-events.ts';
import type { FromLogWorker, LogWorkerOptions, ToLogWorker } from './log-worker-messages.ts';
import type { LineSeverity, LogSink } from './log-writer.ts';

/** Lines are handed over together, after so many milliseconds or characters. */
const gatherMs = 50;
const gatherSize = 64 * 1024;
/** Characters that were handed over and are not written yet: above, lines are dropped and counted. */
const mostWaiting = 16 * 1024 * 1024;
/** A thread that ended by itself is started again after so many milliseconds. */
const restartMs = 5_000;
const tellDroppedMs = 10_000;

/**
 * Where the lines of a process go: to a thread of its own, which writes them to files, to standard output and to Seq.
 * Handing a line over never waits. Lines that come faster than they can be written are dropped, and their number is
 * logged.
 */
export class LogOutput implements LogSink {
  readonly #options: LogWorkerOptions;
  #worker: Worker | undefined;
  #brokenUntil = -Infinity;
  #log = '';
  #way = '';
  #shown = '';
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;
  #dropped = 0;
  #toldDroppedAt = -Infinity;
  #ended: PromiseWithResolvers<void> | undefined;
  /** How the thread's own reports are written; set by whoever makes the writer. */
  tell: WriteLog = () => undefined;

  constructor(options: LogWorkerOptions) {
    this.#options = options;
    // What a process before this one has left is sent without waiting for a line.
    if (options.seq !== undefined) this.#open();
  }

  /** Lines that were dropped since the start, because they came faster than they could be written. */
  dropped = 0;

  write(line: string, way: boolean, severity: LineSeverity): void {
    if (this.#ended !== undefined) return;
    if (this.#waiting + this.#log.length + this.#way.length > mostWaiting) {
      this.dropped++;
      this.#dropped++;
      return;
    }
    if (way) this.#way += line;
    else this.#log += line;
    if (severity !== 'usual' && this.#options.standardOutput === 'problems') this.#shown += line;
    if (severity === 'failure' || this.#log.length + this.#way.length >= gatherSize) this.#flush();
    else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#flush(), gatherMs);
      this.#timer.unref();
    }
  }

  /** Writes what is there, and sends it to Seq as far as that goes within so many milliseconds. */
  async close(patience = 1_500): Promise<void> {
    this.#tellDropped();
    this.#flush();
    this.#ended ??= Promise.withResolvers();
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#post(worker, { kind: 'end', patience });
    const timer = setTimeout(this.#ended.resolve, patience + 500);
    await this.#ended.promise;
    clearTimeout(timer);
    await worker.terminate();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [log, way, shown] = [this.#log, this.#way, this.#shown];
    const size = log.length + way.length;
    if (size === 0) return;
    const worker = this.#open();
    this.#log = '';
    this.#way = '';
    this.#shown = '';
    if (worker === undefined) {
      const lines = log.split('\n').length + way.split('\n').length - 2;
      this.dropped += lines;
      this.#dropped += lines;
      return;
    }
    this.#waiting += size;
    this.#post(worker, { kind: 'lines', log, way, shown });
  }

  #post(worker: Worker, message: ToLogWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(message);
  }

  #open(): Worker | undefined {
    if (this.#worker !== undefined) return this.#worker;
    if (performance.now() < this.#brokenUntil) return undefined;
    const file = import.meta.url.endsWith('.ts') ? './log-worker.ts' : './log-worker.js';
    const worker = new Worker(new URL(file, import.meta.url), { workerData: this.#options, name: 'millrace log' });
    // The log alone keeps no process.
    worker.unref();
    worker.on('message', (message: FromLogWorker) => this.#hear(message));
    worker.on('error', (error) => {
      // The log cannot tell that it is broken.
      process.stderr.write(`The log could not be written: ${error instanceof Error ? error.name : typeof error}\n`);
      this.#fail();
    });
    this.#worker = worker;
    return worker;
  }

  #fail(): void {
    this.#worker = undefined;
    this.#waiting = 0;
    this.#brokenUntil = performance.now() + restartMs;
    this.#ended?.resolve();
  }

  #hear(message: FromLogWorker): void {
    if (message.kind === 'ended') this.#ended?.resolve();
    else if (message.kind === 'line') this.tell(message.name, message.values);
    else {
      this.#waiting -= message.size;
      if (performance.now() - this.#toldDroppedAt > tellDroppedMs) this.#tellDropped();
    }
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    this.#toldDroppedAt = performance.now();
    this.tell('linesDropped', { LineCount: this.#dropped });
    this.#dropped = 0;
  }
}
