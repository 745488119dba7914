import { DomainError, MillraceError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/** Exit codes: 0 done, 1 it failed, 2 it was called wrongly. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** A problem that the server answered (RFC 9457), with the server's code. */
export class ServerProblem extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ServerProblem';
    this.code = code;
    this.status = status;
  }
}

/** A failure that was reported already: the process only has to end with code 1. */
export class ReportedFailure extends Error {}

function codeOf(error: unknown): string {
  if (error instanceof MillraceError || error instanceof DomainError || error instanceof ServerProblem) {
    return error.code;
  }
  return 'UNEXPECTED';
}

/**
 * Writes `millrace: CODE message` and answers the exit code. A stack trace comes with `debug` only.
 * @example process.exitCode = reportFailure(error, terminal, false);
 */
export function reportFailure(error: unknown, terminal: Terminal, debug: boolean): number {
  if (error instanceof ReportedFailure) return exitCodes.failed;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  terminal.err(`millrace: ${code} ${message}`);
  if (debug && error instanceof Error) terminal.err(describeCauses(error));
  else if (code === 'UNEXPECTED') terminal.err('With --debug the same command tells where it happened.');
  return code === 'USAGE' ? exitCodes.usage : exitCodes.failed;
}

function describeCauses(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\nCaused by ${describeCauses(error.cause)}` : stack;
}
