import { readFileSync } from 'node:fs';
import type { LogLevel, Settings } from '../config.ts';
import { MillraceError } from '../errors.ts';
import type { Role } from '../running-system.ts';
import type { ServiceType, WriteLog } from './log-events.ts';
import { LogOutput } from './log-output.ts';
import { levelOf, logWriter } from './log-writer.ts';

/** The log of a process. */
export interface ProcessLog {
  readonly log: WriteLog;
  /** Lines that came faster than they could be written, since the start. */
  readonly dropped: () => number;
  /** Writes what is there and ends the thread. */
  readonly close: () => Promise<void>;
}

export interface ProcessLogOptions {
  readonly application: string;
  readonly roles: readonly Role[];
  readonly level: LogLevel;
  readonly settings: Settings['logs'];
  /** Somebody reads standard output as it comes: only warnings and worse are shown there then. */
  readonly isTerminal: boolean;
}

/**
 * Opens the log of a process: files, standard output, and Seq when there is one. Throws SETTING_INVALID when the file with
 * Seq's key cannot be read.
 * @example const { log, close } = openProcessLog({ application, roles, level: 'info', settings, isTerminal: false });
 */
export function openProcessLog(options: ProcessLogOptions): ProcessLog {
  const { application, roles, level, settings, isTerminal } = options;
  const { folder, keepMs, keepBytes, seq } = settings;
  const output = new LogOutput({
    folder,
    keepMs,
    keepBytes,
    seq: seq === undefined ? undefined : { url: seq.url, apiKey: keyOf(seq) },
    standardOutput: isTerminal ? 'problems' : 'all',
  });
  const facts = { application, processId: process.pid, serviceType: serviceOf(roles) };
  const log = logWriter({ facts, least: levelOf(level), sink: output });
  output.tell = log;
  return { log, dropped: () => output.dropped, close: () => output.close() };
}

/** The kind of process, for parts that every kind has. */
function serviceOf(roles: readonly Role[]): ServiceType {
  if (roles.includes('api')) return 'Api';
  return roles.includes('relay') ? 'OutboxWorker' : 'ProjectionWorker';
}

function keyOf({ apiKey, apiKeyFile }: NonNullable<Settings['logs']['seq']>): string | undefined {
  if (apiKey !== undefined || apiKeyFile === undefined) return apiKey;
  try {
    return readFileSync(apiKeyFile, 'utf8').trim() || undefined;
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new MillraceError('SETTING_INVALID', `SEQ_API_KEY_FILE names a file that cannot be read (${reason}).`, {
      cause,
      fields: [{ field: 'SEQ_API_KEY_FILE', problem: 'cannot be read' }],
    });
  }
}
