import type { FeedMessage, QueueRow, VisitRow } from '../model/rows.ts';
import {
  fieldsOf,
  listOf,
  momentOrNull,
  number,
  numberOrNull,
  parsedJson,
  text,
  textOrNull,
  type JsonFields,
} from './json.ts';
import { visitOf } from './read-lists.ts';

/** A message of the feed; undefined when it is none that this page knows. */
export function readFeedMessage(data: string): FeedMessage | undefined {
  const message = fieldsOf(parsedJson(data));
  const position = number(message['position']);
  const rows = listOf(message['rows']).map(fieldsOf);
  switch (message['type']) {
    case 'hello':
      return { type: 'hello', position };
    case 'heartbeat':
      return { type: 'heartbeat', position };
    case 'reset':
      return { type: 'reset', position, reason: text(message['reason']) };
    case 'rows':
      if (message['view'] === 'patients') return { type: 'visits', position, rows: rows.map(visitOfFeed) };
      if (message['view'] === 'queues') return { type: 'queues', position, rows: rows.map(queueOfFeed) };
      return { type: 'heartbeat', position };
    default:
      return undefined;
  }
}

function visitOfFeed(row: JsonFields): VisitRow {
  return visitOf(inCamelCase(row));
}

/** Columns of a read model as the lists of the API name them. */
function inCamelCase(row: JsonFields): JsonFields {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name.replaceAll(/_([a-z])/g, (_line, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

function queueOfFeed(row: JsonFields): QueueRow {
  return {
    queueId: text(row['queue_id']),
    name: text(row['queue_name']),
    siteId: text(row['site_id']) || 'main',
    state: text(row['state']) || 'OPEN',
    stateReason: textOrNull(row['state_reason']),
    pausedUntil: momentOrNull(row['paused_until']),
    triage: row['triage'] === true,
    cashier: row['cashier'] === true,
    maxCapacity: numberOrNull(row['max_capacity']),
    waitingAll: number(row['current_patient_count']),
    waiting: number(row['waiting']),
    waitingTriage: number(row['waiting_triage']),
    waitingCashier: number(row['waiting_cashier']),
    atCashier: number(row['at_cashier']),
    paymentPending: number(row['payment_pending']),
    parked: number(row['parked']),
    noShow: number(row['no_show']),
    cancelledByAbsence: number(row['cancelled_by_absence']),
    waitingUrgent: number(row['waiting_urgent']),
    waitingHigh: number(row['waiting_high']),
    waitingMedium: number(row['waiting_medium']),
    waitingLow: number(row['waiting_low']),
    called: number(row['called']),
    inConsultation: number(row['in_consultation']),
    completed: number(row['completed']),
    averageWaitMs: numberOrNull(row['average_wait_ms']),
    position: number(row['updated_position']),
  };
}
