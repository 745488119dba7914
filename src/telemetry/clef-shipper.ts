import { open } from 'node:fs/promises';
import { backoff, Doorbell } from '../doorbell.ts';
import { readCursor, writeCursor } from './clef-cursor.ts';
import { ClefLease } from './clef-lease.ts';
import type { WriteLog } from './log-events.ts';
import { isMissing, listLogFiles, type LogFile } from './log-files.ts';

export interface ClefShipperOptions {
  readonly folder: string;
  /** Of Seq, without a slash at the end. */
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Where the shipper tells how it fares. */
  readonly log: WriteLog;
  /** Bytes of one request. Default 512 KiB. */
  readonly batchBytes?: number;
  /** Looks at the files so often, in milliseconds. Default 1,000. */
  readonly interval?: number;
  /** The longest pause while Seq is away, in milliseconds. Default 30,000. */
  readonly longestPause?: number;
  /** A request that is not answered for so long has failed, in milliseconds. Default 10,000. */
  readonly timeout?: number;
}

const newline = 0x0a;
const firstPauseMs = 500;

/** Seq did not take a batch, and may take it later. */
class SeqAway extends Error {
  readonly status: number | undefined;
  readonly retryAfterMs: number;

  constructor(message: string, status?: number, retryAfterMs = 0, cause?: unknown) {
    super(message, { cause });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Sends the log files of a folder to Seq, batch by batch (`POST /ingest/clef`). The files are the queue: how far each
 * was taken over is written down behind every batch, so that neither a Seq that is away nor a process that is killed
 * loses a line; the last batch may come twice. A batch that Seq cannot read is halved until the guilty line is alone, and
 * that one is passed over.
 */
export class ClefShipper {
  readonly #options: ClefShipperOptions;
  readonly #lease: ClefLease;
  readonly #bell = new Doorbell();
  readonly #giveUp = new AbortController();
  #cursor: Map<string, number> | undefined;
  #failures = 0;
  /** Lines of a request at most: few while the guilty one is looked for. */
  #mostLines = Infinity;
  #ending = false;
  #loop: Promise<void> | undefined;
  #renewal: NodeJS.Timeout | undefined;

  constructor(options: ClefShipperOptions) {
    this.#options = options;
    this.#lease = new ClefLease(options.folder);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Sends what is there, for so many milliseconds at most; the rest is sent by the next process. */
  async stop(patience: number): Promise<void> {
    this.#ending = true;
    const timer = setTimeout(() => this.#giveUp.abort(), patience);
    this.#bell.ring();
    await this.#loop;
    clearTimeout(timer);
    clearInterval(this.#renewal);
    try {
      this.#lease.release();
    } catch {
      // It is nobody's in a few seconds.
    }
  }

  async #run(): Promise<void> {
    const { interval = 1_000, longestPause = 30_000 } = this.#options;
    for (;;) {
      const isLast = this.#ending;
      let pause = interval;
      try {
        if (this.#hold()) await this.#shipAll();
      } catch (error) {
        if (this.#giveUp.signal.aborted) return;
        this.#tellAway(error);
        const asked = error instanceof SeqAway ? error.retryAfterMs : 0;
        pause = Math.min(longestPause, Math.max(asked, backoff(this.#failures, firstPauseMs, longestPause)));
      }
      if (isLast) return;
      await this.#bell.wait(pause);
    }
  }

  /** The lease goes with the cursor: whoever takes it reads how far the one before has come. */
  #hold(): boolean {
    const isHeld = this.#lease.hold();
    if (!isHeld) {
      this.#cursor = undefined;
      clearInterval(this.#renewal);
      this.#renewal = undefined;
    } else if (this.#renewal === undefined) {
      this.#renewal = setInterval(() => this.#renew(), 1_000);
      this.#renewal.unref();
    }
    return isHeld;
  }

  #renew(): void {
    try {
      this.#hold();
    } catch {
      // The next round meets it, too, and tells.
    }
  }

  async #shipAll(): Promise<void> {
    for (const file of listLogFiles(this.#options.folder)) await this.#shipFile(file);
  }

  async #shipFile(file: LogFile): Promise<void> {
    const { folder } = this.#options;
    this.#cursor ??= readCursor(folder);
    if ((this.#cursor.get(file.name) ?? 0) >= file.size) return;
    await using handle = await openIfThere(file.path);
    if (handle === undefined) return;
    while (!this.#giveUp.signal.aborted && this.#cursor !== undefined) {
      const from = this.#cursor.get(file.name) ?? 0;
      const batch = await this.#read(handle, from);
      if (batch.length === 0) return;
      const isTaken = await this.#post(batch);
      if (!isTaken) continue;
      this.#cursor?.set(file.name, from + batch.length);
      if (this.#cursor !== undefined) writeCursor(folder, this.#cursor);
    }
  }

  /** Whole lines from there on: as many as fit. One that a killed process has cut off is left where it is. */
  async #read(handle: { read: Read }, from: number): Promise<Buffer> {
    const { batchBytes = 512 * 1024 } = this.#options;
    const buffer = Buffer.allocUnsafe(batchBytes);
    const { bytesRead } = await handle.read(buffer, 0, batchBytes, from);
    const bytes = buffer.subarray(0, bytesRead);
    let end = bytes.lastIndexOf(newline) + 1;
    if (Number.isFinite(this.#mostLines)) end = endOfLine(bytes, this.#mostLines);
    return bytes.subarray(0, end);
  }

  /** True when Seq has the batch, or will never have it. */
  async #post(batch: Buffer): Promise<boolean> {
    const { url, apiKey, timeout = 10_000, log } = this.#options;
    let answer: Response;
    try {
      answer = await fetch(`${url}/ingest/clef`, {
        method: 'POST',
        headers: {
          'content-type': 'application/vnd.serilog.clef',
          ...(apiKey === undefined ? {} : { 'x-seq-apikey': apiKey }),
        },
        body: Uint8Array.from(batch),
        redirect: 'error',
        signal: AbortSignal.any([AbortSignal.timeout(timeout), this.#giveUp.signal]),
      });
      // Of no interest, and the connection is free again.
      await answer.arrayBuffer();
    } catch (cause) {
      throw new SeqAway('Seq does not answer', undefined, 0, cause);
    }
    const { status } = answer;
    const lines = countLines(batch);
    if (answer.ok) {
      this.#tellBack();
      this.#mostLines = this.#mostLines * 2 > 1_000 ? Infinity : this.#mostLines * 2;
      return true;
    }
    if (status !== 400 && status !== 413) throw new SeqAway('Seq refuses', status, retryAfter(answer));
    if (lines > 1) {
      this.#mostLines = Math.floor(lines / 2);
      return false;
    }
    log('linesRefused', { LineCount: lines, StatusCode: status });
    return true;
  }

  #tellAway(error: unknown): void {
    this.#failures++;
    if (this.#failures > 1) return;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    this.#options.log('seqAway', {
      Attempts: this.#failures,
      StatusCode: error instanceof SeqAway ? error.status : undefined,
      Code: codeOf(cause) ?? (cause instanceof Error ? codeOf(cause.cause) : undefined),
    });
  }

  #tellBack(): void {
    if (this.#failures > 0) this.#options.log('seqBack', { Attempts: this.#failures });
    this.#failures = 0;
  }
}

type Read = (buffer: Buffer, offset: number, length: number, position: number) => Promise<{ bytesRead: number }>;

async function openIfThere(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Where so many lines end. */
function endOfLine(bytes: Buffer, lines: number): number {
  let end = 0;
  for (let left = lines; left > 0; left--) {
    const next = bytes.indexOf(newline, end);
    if (next < 0) break;
    end = next + 1;
  }
  return end;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === newline) lines++;
  return lines;
}

function retryAfter(answer: Response): number {
  const seconds = Number(answer.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

/** ECONNREFUSED, TimeoutError, ENOSPC … */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
