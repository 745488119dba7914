import { chooseEvents, isUnderWay, shownEvents, type EventWay, type WayState, type WaySummary } from './way.ts';
import { fieldsOf, listOf, moment, number, numberOrNull, text, type JsonFields } from '../../data/json.ts';
import { get } from '../../data/rest.ts';

/** Asked for when all of the newest are under way: some of these are not, unless events are stuck. */
const eventsUnderLoad = 250;
/** The percentiles are over so many of the newest events. */
export const sampledEvents = 1_000;

/** Reads the events' way and the figures beside it. Throws RequestFailure. */
export async function readWay(before: WayState | undefined): Promise<WayState> {
  const limit = before?.events.some(isUnderWay) === true ? eventsUnderLoad : shownEvents;
  const [recent, lag, outbox, projections] = await Promise.all([
    get(`/api/metrics/lag/recent?limit=${limit}`),
    get(`/api/metrics/lag?sample=${sampledEvents}`),
    get('/api/outbox/pending?limit=1'),
    get('/api/projections/health'),
  ]);
  const pending = fieldsOf(outbox.body);
  const health = fieldsOf(projections.body);
  const [first = {}, ...others] = listOf(health['projections']).map(fieldsOf);
  return {
    readAt: Date.now(),
    events: chooseEvents(listOf(fieldsOf(recent.body)['events']).map(fieldsOf).map(wayOf)),
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
