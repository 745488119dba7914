import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { asking } from './asking.ts';

function databaseError(code: string): DatabaseError {
  const error = new DatabaseError('refused', 0, 'error');
  error.code = code;
  return error;
}

test.each([
  ['a refused connection', Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' })],
  ['a broken connection', new Error('Connection terminated unexpectedly')],
  ['a server that goes down', databaseError('57P01')],
  ['a statement that took too long', databaseError('57014')],
])('%s is answered as unavailable', async (_name, error) => {
  await expect(asking(Promise.reject(error))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: error });
});

test.each([
  ['a wrong statement', databaseError('42601')],
  ['a defect', new TypeError('undefined is not a function')],
])('%s stays what it is', async (_name, error) => {
  await expect(asking(Promise.reject(error))).rejects.toBe(error);
});
