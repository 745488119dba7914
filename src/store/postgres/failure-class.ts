import { DatabaseError } from 'pg';
import { MillraceError } from '../../errors.ts';

/**
 * What a failed append means:
 * `bad-request` one of the requests can never be stored; the others are innocent.
 * `collision`   a unique index fired behind the checks: rolled back. Perhaps a copy of a request is stored already.
 * `again`       the server rolled everything back; sending it again is right.
 * `reconnect`   the same, over another connection.
 * `uncertain`   the connection broke; whether it was committed has to be looked up.
 * `fault`       the store broke one of its own rules; sending it again cannot help.
 */
export type FailureClass = 'bad-request' | 'collision' | 'again' | 'reconnect' | 'uncertain' | 'fault';

export function classify(error: unknown): FailureClass {
  if (error instanceof MillraceError) {
    if (error.code === 'APPEND_INVALID') return 'bad-request';
    // No connection could be made, so nothing was sent.
    return error.kind === 'unavailable' ? 'again' : 'fault';
  }
  if (error instanceof RolledBack) return 'again';
  if (!(error instanceof DatabaseError) || error.code === undefined) return 'uncertain';
  const code = error.code;
  if (code === 'MR004') return 'bad-request';
  if (code === 'MR002' || code === 'MR003') return 'fault';
  if (code === '23505') return 'collision';
  // The server is going down or was told to cut the connection; a commit may have been under way.
  if (code.startsWith('57P') || code.startsWith('08') || code === '40003') return 'uncertain';
  // Read-only: a standby, or not the primary any more. Idle in transaction for too long: the session is gone. A
  // transaction that was not ended, or statements that the session does not know: not our session any more.
  if (['25006', '25P02', '25P03', '26000', '0A000', '42P05'].includes(code)) return 'reconnect';
  // Serialization failure, deadlock, lock or statement timeout, out of memory, connections or disk, input or output.
  if (/^(?:40|53|58)/.test(code) || code === '55P03' || code === '57014') return 'again';
  if (code.startsWith('22') || code.startsWith('23') || code.startsWith('54')) return 'bad-request';
  return 'fault';
}

/** COMMIT answered ROLLBACK: PostgreSQL says so, without an error, when a statement of the transaction failed. */
export class RolledBack extends Error {
  override readonly name = 'RolledBack';
}

/** What a caller hears when the store cannot be used: what is wrong with the database itself as it is. */
export function asUnavailable(error: unknown): MillraceError {
  if (error instanceof MillraceError && lasting.includes(error.code)) return error;
  if (isSchemaMissing(error)) return schemaMissing(error);
  if (isForbidden(error)) return forbidden(error);
  return new MillraceError('STORE_UNAVAILABLE', 'The event store does not answer.', { cause: error });
}

/** What a caller hears of a request that the store can never take. */
export function asRefused(error: unknown): MillraceError {
  return new MillraceError('APPEND_INVALID', `The event store refused it: ${messageOf(error)}`, { cause: error });
}

/** What a caller hears when the store broke one of its own rules. */
export function asFault(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  if (isSchemaMissing(error)) return schemaMissing(error);
  if (isForbidden(error)) return forbidden(error);
  return new MillraceError('STORE_CORRUPT', `The event store cannot append: ${messageOf(error)}`, { cause: error });
}

/** What a caller of a read hears. */
export function asReadFailure(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  if (error instanceof DatabaseError && error.code?.startsWith('22') === true) {
    return new MillraceError('QUERY_INVALID', `The event store refused it: ${error.message}`, { cause: error });
  }
  return asUnavailable(error);
}

const lasting: readonly string[] = ['STORE_CORRUPT', 'SCHEMA_MISSING', 'STORE_FORBIDDEN'];

function isForbidden(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '42501';
}

function forbidden(error: unknown): MillraceError {
  const message = 'The database user lacks a right; `millrace migrate --grants` gives it to the group of its role.';
  return new MillraceError('STORE_FORBIDDEN', message, { cause: error });
}

function isSchemaMissing(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '42P01' || error.code === '42883');
}

function schemaMissing(error: unknown): MillraceError {
  return new MillraceError('SCHEMA_MISSING', 'The event store has not been prepared.', { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
