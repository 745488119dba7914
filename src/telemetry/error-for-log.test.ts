import { expect, test } from 'vitest';
import { MillraceError } from '../errors.ts';
import { errorForLog } from './error-for-log.ts';

test('the text of somebody else’s error stays out of the log, its kind and place do not', () => {
  const error = new Error('invalid input: "Ann Example"\n    at Ann Example (file.ts:1:1)', {
    cause: new TypeError('Ann Example'),
  });
  Object.assign(error, { code: '22P02', table: 'things', detail: 'Failing row contains (Ann Example)' });
  const logged = errorForLog(error);
  expect(logged).toMatchObject({ type: 'Error', code: '22P02', about: 'things', cause: { type: 'TypeError' } });
  expect(logged.stack).toContain('error-for-log.test.ts');
  expect(JSON.stringify(logged)).not.toContain('Ann Example');
});

test('our own texts are kept', () => {
  expect(errorForLog(new MillraceError('STORE_CORRUPT', 'There are two events 7.'))).toMatchObject({
    type: 'MillraceError',
    code: 'STORE_CORRUPT',
    message: 'There are two events 7.',
  });
});

test('what is thrown and no error says its type, and a name that is none is not told', () => {
  expect(errorForLog('Ann Example')).toEqual({ type: 'string' });
  const error = new Error('');
  error.name = 'Ann Example';
  Object.assign(error, { code: 'Ann Example' });
  expect(JSON.stringify(errorForLog(error))).not.toContain('Ann Example');
});
