import type { LogEventName, LogValues } from './log-events.ts';

/** What the thread that writes the log is told. */
export interface LogWorkerOptions {
  /** Undefined: no files. */
  readonly folder: string | undefined;
  readonly keepMs: number;
  readonly keepBytes: number;
  /** Needs a folder. */
  readonly seq: { readonly url: string; readonly apiKey: string | undefined } | undefined;
  /** What goes to standard output: all lines; what somebody at a terminal has to see; or nothing. */
  readonly standardOutput: 'all' | 'problems' | 'none';
}

export type ToLogWorker =
  /** `shown`: lines among them that somebody at a terminal has to see. */
  | { readonly kind: 'lines'; readonly log: string; readonly way: string; readonly shown: string }
  /** Write what is there and send it, for so many milliseconds at most. */
  | { readonly kind: 'end'; readonly patience: number };

export type FromLogWorker =
  /** So many characters are in the files. */
  | { readonly kind: 'written'; readonly size: number }
  | { readonly kind: 'line'; readonly name: LogEventName; readonly values: LogValues }
  | { readonly kind: 'ended' };
