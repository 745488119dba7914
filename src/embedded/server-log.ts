import { copyFile, open, stat, truncate } from 'node:fs/promises';

/** A log larger than this is cut; the last one is kept beside it. */
const largest = 16 * 1024 * 1024;

/**
 * The server's log file. The server writes into it by itself: a pipe to this process would end with this process, and
 * the server is meant to outlive a crash of it.
 */
export class ServerLog {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** Opens the file for appending, as the server's output. The caller closes it after the spawn. */
  openForServer() {
    return open(this.file, 'a', 0o600);
  }

  /** Its length in bytes; 0 when there is none. Remember it before a start, to read afterwards what is new. */
  async length(): Promise<number> {
    return stat(this.file).then(
      ({ size }) => size,
      () => 0,
    );
  }

  /** What was written after that length, at most the last 64 kB. */
  async since(length: number): Promise<string> {
    const handle = await open(this.file, 'r').catch(() => undefined);
    if (!handle) return '';
    try {
      const { size } = await handle.stat();
      const from = Math.max(length, size - 65_536);
      if (size <= from) return '';
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(size - from), position: from });
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  /** The last lines, for an error message. */
  async lastLines(count = 12): Promise<string> {
    const lines = (await this.since(0)).trimEnd().split('\n');
    return lines.slice(-count).join('\n');
  }

  /** Cuts a log that grew too large. The server appends, so its next line goes to the new beginning. */
  async bound(): Promise<void> {
    if ((await this.length()) <= largest) return;
    await copyFile(this.file, `${this.file}.1`);
    await truncate(this.file, 0);
  }
}
