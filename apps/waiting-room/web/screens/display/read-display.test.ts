import { expect, test } from 'vitest';
import { readDisplayMessage } from './read-display.ts';

test('that a line changed is told apart from rows of calls, and unknown messages are left out', () => {
  const lines = { type: 'rows', view: 'lines', position: 7, rows: [{ site_id: 'main', updated_position: 7 }] };
  expect(readDisplayMessage(JSON.stringify(lines))).toEqual({ type: 'lines', position: 7 });
  const calls = { type: 'rows', view: 'calls', position: 8, rows: [{ call_id: 'c', ticket: 'A-001', calls: 1 }] };
  expect(readDisplayMessage(JSON.stringify(calls))).toMatchObject({ type: 'rows', rows: [{ ticket: 'A-001' }] });
  expect(readDisplayMessage('{"type":"news"}')).toBeUndefined();
  expect(readDisplayMessage('no JSON')).toBeUndefined();
});
