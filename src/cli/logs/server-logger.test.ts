import { expect, test } from 'vitest';
import { MillraceError } from '../../errors.ts';
import { errorForLog } from '../../telemetry/error-for-log.ts';
import type { LogEventName } from '../../telemetry/log-events.ts';
import { serverLogger } from './server-logger.ts';

/** What is handed on of what somebody logs. */
function passedOn(write: (logger: ReturnType<typeof serverLogger>) => void) {
  const lines: { name: LogEventName; values: object; overrides: object | undefined }[] = [];
  write(serverLogger((name, values, overrides) => lines.push({ name, values, overrides })));
  return lines;
}

test('a line of the table keeps its level and what the table allows', () => {
  const error = new MillraceError('STORE_UNAVAILABLE', 'The event store does not answer.');
  const [line] = passedOn((logger) =>
    logger.warn({ err: errorForLog(error), code: 'STORE_UNAVAILABLE', correlationId: 'c' }, 'request failed'),
  );
  expect(line).toMatchObject({
    name: 'requestFailed',
    overrides: { level: 'Warning' },
    values: { Code: 'STORE_UNAVAILABLE', CorrelationId: 'c', ErrorType: 'MillraceError' },
  });
  expect(JSON.stringify(line)).toContain('does not answer');
});

test('of a line that is in no table only that there was one is told, when it is a warning or worse', () => {
  const lines = passedOn((logger) => {
    logger.info('Ann Example came');
    logger.warn('Ann Example came twice');
    logger.error(new Error('no way for Ann Example'));
    logger.error({ err: { type: 'Error', message: 'Ann Example', stack: 'Ann Example' }, name: 'Ann Example' }, 'no');
    logger.child({ name: 'Ann Example' }).fatal('Ann Example is gone');
  });
  expect(lines.map(({ name, overrides }) => [name, overrides])).toEqual([
    ['unlisted', { level: 'Warning' }],
    ['unlisted', { level: 'Error' }],
    ['unlisted', { level: 'Error' }],
    ['unlisted', { level: 'Error' }],
  ]);
  expect(JSON.stringify(lines)).not.toContain('Ann Example');
});
