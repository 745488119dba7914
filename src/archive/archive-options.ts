/** Where and when old events are archived. */
export interface ArchiveOptions {
  /** The folder of archive files. Every process of the system has to see it under this path. */
  readonly folder: string;
  /** How old an event has to be, in milliseconds. Default: 90 days. */
  readonly afterMs?: number;
  /** How often the job looks for more, in milliseconds. Default: 1 hour. */
  readonly intervalMs?: number;
  /** Events in a batch, and so in a file. Default 5,000. */
  readonly batchEvents?: number;
}

const day = 24 * 60 * 60 * 1000;

export const archiveDefaults = { afterMs: 90 * day, intervalMs: 60 * 60 * 1000, batchEvents: 5_000 } as const;
