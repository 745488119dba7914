import type { EventWay, WayState, WaySummary } from '../model/way.ts';
import { fieldsOf, listOf, moment, number, numberOrNull, text, type JsonFields } from './json.ts';
import { get } from './rest.ts';

/** So many events are shown with their way. */
const shownEvents = 12;
/** The percentiles are over so many of the newest events. */
export const sampledEvents = 1_000;

/** Reads the events' way and the figures beside it. Throws RequestFailure. */
export async function readWay(): Promise<WayState> {
  const [recent, lag, outbox, projections] = await Promise.all([
    get(`/api/metrics/lag/recent?limit=${shownEvents}`),
    get(`/api/metrics/lag?sample=${sampledEvents}`),
    get('/api/outbox/pending?limit=1'),
    get('/api/projections/health'),
  ]);
  const pending = fieldsOf(outbox.body);
  const health = fieldsOf(projections.body);
  const [first = {}, ...others] = listOf(health['projections']).map(fieldsOf);
  return {
    events: listOf(fieldsOf(recent.body)['events']).map(fieldsOf).map(wayOf),
    summary: summaryOf(fieldsOf(lag.body)),
    pending: number(pending['count']),
    oldestPendingMs: number(pending['oldestAgeMs']),
    logPosition: number(first['headPosition']),
    readModelPosition: number(first['position']),
    parked: [first, ...others].reduce((sum, { parked }) => sum + number(parked), 0),
    healthy: health['isHealthy'] === true,
  };
}

function wayOf(event: JsonFields): EventWay {
  return {
    eventId: text(event['eventId']),
    eventName: text(event['eventName']),
    position: number(event['position']),
    status: text(event['status']),
    createdAt: moment(event['createdAt']),
    parts: [
      numberOrNull(event['outboxWaitMs']),
      numberOrNull(event['outboxDispatchDurationMs']),
      numberOrNull(event['transitMs']),
      numberOrNull(event['projectionProcessingDurationMs']),
    ],
    totalMs: numberOrNull(event['totalLagMs']),
  };
}

function summaryOf(lag: JsonFields): WaySummary {
  return {
    count: number(lag['count']),
    p50Ms: numberOrNull(lag['p50LagMs']),
    p95Ms: numberOrNull(lag['p95LagMs']),
    p99Ms: numberOrNull(lag['p99LagMs']),
  };
}
