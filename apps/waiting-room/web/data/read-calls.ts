import type { CallRow, CallsMessage, CallsSnapshot } from '../model/calls.ts';
import { fieldsOf, listOf, moment, number, parsedJson, text } from './json.ts';

/** A message of the public feed; undefined when it is none that this page knows. */
export function readCallsMessage(data: string): CallsMessage | undefined {
  const message = fieldsOf(parsedJson(data));
  const position = number(message['position']);
  switch (message['type']) {
    case 'hello':
    case 'heartbeat':
    case 'reset':
      return { type: message['type'], position };
    case 'rows':
      return {
        type: 'calls',
        position,
        rows: listOf(message['rows'])
          .map(fieldsOf)
          .map((row) => ({
            ticket: text(row['ticket']),
            kind: kindOf(row['destination_kind']),
            place: text(row['destination_name']),
            status: text(row['status']),
            calledAt: moment(row['called_at']),
            calls: number(row['calls']),
            position: number(row['updated_position']) || position,
          })),
      };
    default:
      return undefined;
  }
}

/** What `GET /api/public/displays/{siteId}` answered. */
export function callsSnapshotOf(body: unknown): CallsSnapshot {
  const answer = fieldsOf(body);
  const calls: readonly CallRow[] = listOf(answer['calls'])
    .map(fieldsOf)
    .map((call) => {
      const destination = fieldsOf(call['destination']);
      return {
        ticket: text(call['ticket']),
        kind: kindOf(destination['kind']),
        place: text(destination['name']),
        status: text(call['status']),
        calledAt: moment(call['calledAt']),
        calls: number(call['calls']),
        position: 0,
      };
    });
  return {
    siteName: text(answer['siteName']),
    position: number(answer['position']),
    calls,
    next: listOf(answer['next'])
      .map(fieldsOf)
      .map((one) => text(one['ticket'])),
  };
}

function kindOf(value: unknown): 'room' | 'desk' {
  return value === 'desk' ? 'desk' : 'room';
}
