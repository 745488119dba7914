/**
 * What an application is made of: events, deciders, projections, the system that binds them, and its start. HTTP stands
 * in `millrace/server`, test support in `millrace/testing`, a PostgreSQL of its own in `millrace/embedded`.
 */
export { Type, type Static } from 'typebox';

export {
  dataOf,
  defineEvent,
  type EventDefinition,
  type EventOf,
  type EventOptions,
  type Upcast,
} from './events/definition.ts';
export type { EventMetadata, Json, JsonObject, NewEvent, RecordedEvent, StoredEvent } from './events/envelope.ts';
export { formatUuid, newEventId } from './events/event-id.ts';

export type { Boundary, DecidedEvent, Decider, DecisionContext, SnapshotRule } from './commands/decider.ts';
export type { CommandOptions } from './commands/command-handler.ts';
export type { CommandResult } from './commands/mailbox.ts';
export type { AppendCondition, EventQuery } from './store/store.ts';

export {
  defineProjection,
  rows,
  totals,
  type ColumnType,
  type ColumnValue,
  type ProjectionDefinition,
  type Row,
  type RowHandler,
  type RowsDefinition,
  type TotalsDefinition,
} from './projections/definition.ts';

export {
  cancelTimer,
  defineTimers,
  setTimer,
  type Execute,
  type NoPayload,
  type Timer,
  type TimerChange,
  type TimerCommand,
  type TimersDefinition,
  type TimersOptions,
} from './timers/definition.ts';
export type { TimersReport } from './timers/timer-report.ts';

export { defineSystem, type SystemDefinition, type SystemOptions, type TransportNames } from './system.ts';
export { migrateSystem } from './migrate-system.ts';
export type { Logger } from './reports.ts';
export { startSystem, type StartOptions } from './start-system.ts';
export type { ConsumerReport } from './process-activity.ts';
export type { Role, RunningSystem } from './running-system.ts';

export { DomainError, MillraceError, type DomainErrorKind, type ErrorCode, type FieldProblem } from './errors.ts';
