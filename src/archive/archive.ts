import type { ArchiveOptions } from './archive-options.ts';

export type { ArchiveOptions };

/** A closed stream that was passed over, and how many there are for the same reason. */
export interface ArchiveWaiting {
  /** `refused`: the broker refused an event of it. `ledger`: the lag ledger still has rows. `parked`: dead letters wait. */
  readonly reason: string;
  readonly streams: number;
}

/** How the archive stands. Times are ISO strings. */
export interface ArchiveStatus {
  /** Where this process looks for archive files; null when no folder is set, and nothing is archived. */
  readonly folder: string | null;
  readonly lastPosition: number;
  readonly archived: number;
  /** Events in the log: with the archived ones they come to `lastPosition`. */
  readonly inLog: number;
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
  /** Events that end a stream were looked for up to here. */
  readonly scannedTo: number;
  readonly waiting: readonly ArchiveWaiting[];
  readonly paused: { readonly since: string; readonly by: string; readonly reason: string | null } | null;
  readonly run: {
    readonly startedAt: string;
    /** Null while it runs, or when it died. */
    readonly finishedAt: string | null;
    readonly events: number;
    readonly error: string | null;
  } | null;
}

/** What a run came to. */
export interface ArchiveRunResult {
  readonly events: number;
  readonly files: number;
  /** Why it ended before everything was looked at; null when it did not. */
  readonly stopped: 'paused' | 'stopping' | null;
}

/** What looking at everything found. */
export interface ArchiveVerification {
  readonly files: number;
  readonly events: number;
  /** Events counted in the log; with the archived ones they are `lastPosition`, or it is a problem. */
  readonly inLog: number;
  readonly lastPosition: number;
  /** In words; each names its file. */
  readonly problems: readonly string[];
  /** Files in the folder that no record knows: left by a database that was put back to an older state. */
  readonly unknownFiles: readonly string[];
}

/** The archive of a system: old events in files. */
export interface Archive {
  status(): Promise<ArchiveStatus>;
  /** The job stops before its next batch. Wants who asks; a reason may be kept with it. */
  pause(actor: string, reason?: string): Promise<void>;
  resume(): Promise<void>;
}
