import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import { Lease } from '../postgres/lease.ts';
import type { LogNames } from '../postgres/log-names.ts';
import { Recurring } from '../recurring.ts';
import type { ArchiveRunResult } from './archive.ts';
import { ArchiveFolder } from './archive-folder.ts';
import { archiveDefaults, type ArchiveOptions } from './archive-options.ts';
import { ArchiveRun, type ArchiveStep } from './archive-run.ts';

export interface ArchiveJobOptions extends ArchiveOptions {
  readonly eventStore: pg.Pool;
  readonly readModels: pg.Pool;
  readonly log: string;
  readonly names: LogNames;
  readonly endingTypes: readonly string[];
  readonly projections: readonly string[];
  /** Names this process among the holders of leases. */
  readonly instance: string;
  readonly onError?: (error: unknown) => void;
  /** For tests: how many times as long as a batch took it rests behind it. Default 9. */
  readonly restsFor?: number;
  /** For tests: called after each step of a run. */
  readonly onStep?: (step: ArchiveStep) => void | Promise<void>;
}

/** The lease of whoever archives: one process at a time. */
export const archiveLease = 'archive';

/** Archives now and then, when no other process does. */
export class ArchiveJob {
  readonly #options: ArchiveJobOptions;
  readonly #recurring: Recurring;

  constructor(options: ArchiveJobOptions) {
    this.#options = options;
    this.#recurring = new Recurring(
      options.intervalMs ?? archiveDefaults.intervalMs,
      () => this.runNow(),
      (error) => {
        // That another process does it is as it should be.
        if (!(error instanceof MillraceError && error.code === 'ARCHIVE_IN_PROGRESS')) options.onError?.(error);
      },
    );
  }

  start(): void {
    this.#recurring.start();
  }

  /** Lets the batch under way finish. */
  stop(): Promise<void> {
    return this.#recurring.stop();
  }

  /** One run. Throws ARCHIVE_IN_PROGRESS when another process archives, ARCHIVE_FAILED. */
  async runNow(onProgress?: (events: number) => void): Promise<ArchiveRunResult> {
    const { folder, instance, eventStore, afterMs, batchEvents, ...rest } = this.#options;
    const lease = new Lease(eventStore, archiveLease, instance);
    const held = await lease.acquire();
    if (held === undefined) throw new MillraceError('ARCHIVE_IN_PROGRESS', 'Another process archives events now.');
    const keeper = lease.keep(held, rest.onError === undefined ? {} : { onError: rest.onError });
    try {
      return await new ArchiveRun({
        ...rest,
        eventStore,
        keeper,
        leaseName: archiveLease,
        folder: new ArchiveFolder(folder),
        afterMs: afterMs ?? archiveDefaults.afterMs,
        batchEvents: batchEvents ?? archiveDefaults.batchEvents,
        stop: this.#recurring.signal,
        onProgress,
      }).run();
    } finally {
      keeper.stop();
      await lease.release(held).catch(() => undefined);
    }
  }
}
