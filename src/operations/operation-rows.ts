import { readFileSync } from 'node:fs';
import type { Json, JsonObject } from '../events/envelope.ts';
import type { FieldProblem } from '../errors.ts';
import type { Operation } from '../running-system.ts';

/** The SQL that makes the table of operations and the function that requests one. */
export const operationsSchema = readFileSync(new URL('./schema.sql', import.meta.url), 'utf8');

/** The channels on which processes nudge each other about operations. */
export const operationChannels = {
  /** Something was requested, or asked of an operation that runs. */
  requested: 'millrace_operations',
  /** An operation made progress or is over. */
  changed: 'millrace_operated',
} as const;

/** A row of `projection_operations`. */
export interface OperationRow {
  readonly id: string;
  readonly kind: string;
  readonly projection_id: string;
  readonly input: JsonObject;
  readonly actor: string;
  readonly reason: string | null;
  readonly requested_at: Date;
  readonly state: Operation['state'];
  readonly asked: string | null;
  readonly progress: Json;
  readonly result: Json;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly error_fields: readonly FieldProblem[] | null;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly runner: string | null;
  readonly token: string;
}

export function toOperation(row: OperationRow): Operation {
  return {
    id: Number(row.id),
    kind: row.kind,
    projection: row.projection_id,
    input: row.input,
    actor: row.actor,
    reason: row.reason,
    requestedAt: row.requested_at.toISOString(),
    state: row.state,
    asked: row.asked,
    progress: row.progress,
    result: row.result,
    error:
      row.error_code === null
        ? null
        : { code: row.error_code, message: row.error_message ?? '', fields: row.error_fields ?? [] },
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    runner: row.runner,
  };
}

/** It is over, one way or another. */
export function isOver(operation: Operation): boolean {
  return operation.state !== 'requested' && operation.state !== 'running';
}
