import pg from 'pg';
import { MillraceError } from '../../errors.ts';

/**
 * What a failed append means:
 * `bad-request` one of the requests can never be stored; the others are innocent.
 * `again`       the server rolled everything back; sending it again is right.
 * `uncertain`   the connection broke; whether it was committed has to be looked up.
 * `fault`       the store broke one of its own rules; sending it again cannot help.
 */
export type FailureClass = 'bad-request' | 'again' | 'uncertain' | 'fault';

export function classify(error: unknown): FailureClass {
  // No connection could be made, so nothing was sent.
  if (error instanceof MillraceError) return error.kind === 'unavailable' ? 'again' : 'fault';
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return 'uncertain';
  const code = error.code;
  if (code === 'MR004') return 'bad-request';
  if (code === 'MR002' || code === 'MR003') return 'fault';
  // A unique index fired behind the checks: another copy of this very batch may have been stored. Look it up.
  if (code === '23505') return 'uncertain';
  // The server is going down or was told to cut the connection; a commit may have been under way.
  if (code.startsWith('57P') || code.startsWith('08')) return 'uncertain';
  // Serialization failure, deadlock, lock or statement timeout, out of memory, connections or disk: rolled back.
  if (code.startsWith('40') || code.startsWith('53') || code === '55P03' || code === '57014' || code === '25P03') {
    return 'again';
  }
  if (code.startsWith('22') || code.startsWith('23') || code.startsWith('54')) return 'bad-request';
  return 'fault';
}
