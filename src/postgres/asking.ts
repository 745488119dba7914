import { DatabaseError } from 'pg';
import { MillraceError } from '../errors.ts';

/** Going down, no room for connections, time-outs, locks, a standby: the same question may be answered later. */
const laterByState = /^(?:08|53|57|55P03|25006|40)/;
/** What pg says without a code when a connection broke, or was not to be had. */
const laterByMessage =
  /^(?:Connection terminated|timeout exceeded when trying|timeout expired|Query read timeout|Client )/;

/**
 * Waits for what a database is asked. Throws STORE_UNAVAILABLE when it does not answer, so that a caller hears "later"
 * and not "defect"; anything else as it is.
 * @example const rows = await asking(pool.query('select 1'));
 */
export async function asking<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    throw new MillraceError('STORE_UNAVAILABLE', 'The database does not answer.', { cause: error });
  }
}

function isUnanswered(error: unknown): boolean {
  if (error instanceof DatabaseError) return laterByState.test(error.code ?? '');
  if (!(error instanceof Error) || error instanceof MillraceError) return false;
  // Errors of sockets and of name look-ups carry the call that failed.
  return 'syscall' in error || error instanceof AggregateError || laterByMessage.test(error.message);
}
