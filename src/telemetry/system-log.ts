import type { EventLogMode } from '../config.ts';
import type { WriteLog } from './log-events.ts';
import { reportParts } from './log-parts.ts';
import { WayLog } from './log-way.ts';
import type { Way } from './way.ts';

/** What a system tells about itself and about what passes through it. */
export interface SystemLog {
  readonly way: Way;
  /** Where a part reports its failures. */
  readonly reportsOf: (part: string) => (error: unknown) => void;
  readonly timerRefused: (timers: string, code: string) => void;
}

/**
 * The log of a system, written through `log`.
 * @example const systemLog = makeSystemLog(log, { mode: 'asked', slowMs: 500 });
 */
export function makeSystemLog(
  log: WriteLog,
  options: { readonly mode: EventLogMode; readonly slowMs: number },
): SystemLog {
  return {
    way: new WayLog(log, options),
    reportsOf: reportParts(log),
    timerRefused: (timers, code) => log('timerRefused', { Timers: timers, Code: code }),
  };
}
