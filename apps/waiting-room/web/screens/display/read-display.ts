import { fieldsOf, listOf, moment, number, text } from '../../data/json.ts';
import type { DisplayMessage, Snapshot } from './display-model.ts';

export function snapshotOf(body: unknown): Snapshot {
  const fields = fieldsOf(body);
  return {
    siteName: text(fields['siteName']),
    calls: listOf(fields['calls'])
      .map(fieldsOf)
      .map((call) => ({
        callId: text(call['callId']),
        ticket: text(call['ticket']),
        kind: text(fieldsOf(call['destination'])['kind']),
        name: text(fieldsOf(call['destination'])['name']),
        status: text(call['status']),
        calledAt: moment(call['calledAt']),
        calls: number(call['calls']),
      })),
    next: listOf(fields['next']).map((one) => text(fieldsOf(one)['ticket'])),
    position: number(fields['position']),
  };
}

/** A message of the feed; undefined when it is none that is known. */
export function readDisplayMessage(data: string): DisplayMessage | undefined {
  let message;
  try {
    message = fieldsOf(JSON.parse(data));
  } catch {
    return undefined;
  }
  const { type } = message;
  const position = number(message['position']);
  if (type === 'hello' || type === 'heartbeat' || type === 'reset') return { type, position };
  if (type !== 'rows') return undefined;
  if (message['view'] === 'lines') return { type: 'lines', position };
  const rows = listOf(message['rows'])
    .map(fieldsOf)
    .map((row) => ({
      callId: text(row['call_id']),
      ticket: text(row['ticket']),
      kind: text(row['destination_kind']),
      name: text(row['destination_name']),
      status: text(row['status']),
      calledAt: moment(row['called_at']),
      calls: number(row['calls']),
    }));
  return { type, position, rows };
}
