import { dataOf, defineProjection, rows, type EventDefinition, type RowHandler } from '#millrace';
import {
  ConsultationCompleted,
  ConsultationStarted,
  PatientCalled,
  PatientCheckedIn,
  PatientNoShow,
  VisitCancelled,
} from '../domain/events.ts';

/** How a visit ended. */
export type VisitOutcome = 'COMPLETED' | 'NO_SHOW' | 'CANCELLED';

/** A row of `visit_times`: when a visit went from one stage to the next, and nobody's name. Milliseconds since 1970. */
export type VisitTimesRow = {
  readonly visit_id: string;
  readonly queue_id: string;
  /** The hour of the arrival, in UTC. */
  readonly hour: number;
  readonly priority: string;
  readonly consultation_type: string;
  readonly arrived_at: number;
  readonly called_at: number | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly outcome: VisitOutcome | null;
};

const hourMs = 3_600_000;

function change<Data>(
  definition: EventDefinition<string, Data>,
  changes: (data: Data) => Partial<VisitTimesRow>,
): RowHandler<VisitTimesRow> {
  return (row, event) => (row === undefined ? undefined : { ...row, ...changes(dataOf(definition, event)) });
}

const ended = (at: string, outcome: VisitOutcome): Partial<VisitTimesRow> => ({ ended_at: Date.parse(at), outcome });

const visitTimes = rows<VisitTimesRow>({
  table: 'visit_times',
  key: 'visit_id',
  columns: {
    visit_id: 'text',
    queue_id: 'text',
    hour: 'timestamptz',
    priority: 'text',
    consultation_type: 'text',
    arrived_at: 'timestamptz',
    called_at: 'timestamptz',
    started_at: 'timestamptz',
    ended_at: 'timestamptz',
    outcome: 'text',
  },
  on: {
    PatientCheckedIn(_row, event) {
      const data = dataOf(PatientCheckedIn, event);
      const arrivedAt = Date.parse(data.arrivedAt);
      return {
        visit_id: event.stream,
        queue_id: data.queueId,
        hour: Math.floor(arrivedAt / hourMs) * hourMs,
        priority: data.priority,
        consultation_type: data.consultationType,
        arrived_at: arrivedAt,
        called_at: null,
        started_at: null,
        ended_at: null,
        outcome: null,
      };
    },
    PatientCalled: change(PatientCalled, (data) => ({ called_at: Date.parse(data.calledAt) })),
    ConsultationStarted: change(ConsultationStarted, (data) => ({ started_at: Date.parse(data.startedAt) })),
    ConsultationCompleted: change(ConsultationCompleted, (data) => ended(data.completedAt, 'COMPLETED')),
    PatientNoShow: change(PatientNoShow, (data) => ended(data.recordedAt, 'NO_SHOW')),
    VisitCancelled: change(VisitCancelled, (data) => ended(data.cancelledAt, 'CANCELLED')),
  },
});

/**
 * Waiting and service times by hour, priority and kind of consultation. A consumer of its own with a queue of its own:
 * it may stand still without anybody in the waiting room noticing.
 */
export const analyticsProjection = defineProjection({
  id: 'waiting-room-analytics',
  queue: 'waiting-room-analytics-queue',
  schema: new URL('./visit-times.sql', import.meta.url),
  rows: [visitTimes],
  exposes: ['visit_times_view', 'visit_analytics_view'],
  mayLag: 200,
});
