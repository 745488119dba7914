import type { EventMetadata, JsonObject, StoredEvent } from '../events/envelope.ts';
import { defineProjection, rows, type ProjectionDefinition, type RowHandler } from '../projections/definition.ts';
import type { TimerChange, TimersDefinition } from './definition.ts';

/** The id of the projection that holds all timers of a system. */
export const timersProjectionId = 'timers';
/** The view under which readers find them. */
export const timersView = 'timers';

/**
 * Under load, timers are written so often and not for each event, in milliseconds: a timer is seldom due within the moment
 * that it is set in, and each commit makes every process look.
 */
const mayLag = 100;

type TimerRow = {
  readonly timer: string;
  readonly definition: string;
  readonly key: string;
  readonly due_at: number;
  readonly payload: JsonObject;
  readonly metadata: JsonObject;
  readonly stream: string;
};

/** Names one timer among those of all definitions. */
export function timerName(definition: string, key: string): string {
  return `${definition}/${key}`;
}

/**
 * The read model of all timers of a system. One projection for all definitions, since each one costs a consumer: a row for
 * each timer that is set and not cancelled. Each definition folds its own rows of the one table.
 */
export function timersProjection(definitions: readonly TimersDefinition[]): ProjectionDefinition {
  const projection = defineProjection({
    id: timersProjectionId,
    schema: new URL('./timers.sql', import.meta.url),
    rows: definitions.map(timerRows),
    exposes: [timersView],
    mayLag,
  });
  // The handlers of the rows are the same for all definitions; what decides stands in the application's.
  const code = definitions.flatMap(({ id, on }) =>
    Object.entries(on).map(([type, handler]) => `${id} ${type} ${Function.prototype.toString.call(handler)}`),
  );
  return { ...projection, code };
}

function timerRows({ id, on }: TimersDefinition) {
  const changes = new WeakMap<StoredEvent, TimerChange | 'none'>();
  /** Asked several times for each event. */
  const changeOf = (event: StoredEvent): TimerChange | 'none' => {
    const known = changes.get(event);
    if (known !== undefined) return known;
    const change = on[event.type]?.(event) ?? 'none';
    changes.set(event, change);
    return change;
  };
  const handle: RowHandler<TimerRow> = (row, event) => {
    const change = changeOf(event);
    if (change === 'none') return row;
    if ('cancel' in change) return undefined;
    const { key, dueAt, payload } = change.set;
    return {
      timer: timerName(id, key),
      definition: id,
      key,
      due_at: dueAt,
      payload,
      metadata: causeOf(event),
      stream: event.stream,
    };
  };
  return rows<TimerRow>({
    table: 'timers',
    key: 'timer',
    columns: {
      timer: 'text',
      definition: 'text',
      key: 'text',
      due_at: 'timestamptz',
      payload: 'json',
      metadata: 'json',
      stream: 'text',
    },
    keyOf: (event) => {
      const change = changeOf(event);
      if (change === 'none') return undefined;
      return timerName(id, 'set' in change ? change.set.key : change.cancel);
    },
    on: Object.fromEntries(Object.keys(on).map((type) => [type, handle])),
    positionColumn: 'position',
  });
}

/** What the events of a timer's command carry on from the event that has set it. */
function causeOf({ id, metadata }: StoredEvent): JsonObject & Pick<EventMetadata, 'correlationId'> {
  const { correlationId, tenant, site } = metadata;
  return {
    correlationId,
    causationId: id,
    ...(tenant === undefined ? {} : { tenant }),
    ...(site === undefined ? {} : { site }),
  };
}
