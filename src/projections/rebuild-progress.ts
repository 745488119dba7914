import type { Json, JsonObject } from '../events/envelope.ts';
import type { BuildDifference, Operation, RebuildProgress } from '../running-system.ts';

/** What a rebuild writes into its operation's progress. */
export interface RebuildReport {
  readonly state: 'running' | 'paused' | 'waiting';
  readonly position: number;
  readonly target: number;
  readonly eventsPerSecond: number;
  readonly secondsLeft: number | null;
  readonly differences: readonly BuildDifference[];
  /** What it stumbles over and tries again; null when it gets on. */
  readonly error: string | null;
}

/** As JSON, for the operation's row. */
export function reportAsJson(report: RebuildReport): Json {
  return { ...report, differences: report.differences.map((one) => ({ ...one, keys: [...one.keys] })) };
}

/** A rebuild as its operation's row tells of it. */
export function rebuildProgressOf(operation: Operation): RebuildProgress {
  const report = asObject(operation.progress);
  const state = operation.state === 'running' ? stateIn(report['state']) : operation.state;
  return {
    operation: operation.id,
    projection: operation.projection,
    state,
    position: numberIn(report['position']) ?? 0,
    target: numberIn(report['target']) ?? 0,
    eventsPerSecond: numberIn(report['eventsPerSecond']) ?? 0,
    secondsLeft: state === 'done' ? 0 : numberIn(report['secondsLeft']),
    startedAt: operation.startedAt ?? operation.requestedAt,
    error: operation.error?.message ?? textIn(report['error']),
    differences: listIn(report['differences']).map(differenceIn),
  };
}

function stateIn(value: Json | undefined): 'running' | 'paused' | 'waiting' {
  return value === 'paused' || value === 'waiting' ? value : 'running';
}

function differenceIn(value: Json): BuildDifference {
  const fields = asObject(value);
  return {
    table: textIn(fields['table']) ?? '',
    problem: textIn(fields['problem']) ?? '',
    liveRows: numberIn(fields['liveRows']),
    newRows: numberIn(fields['newRows']),
    differingRows: numberIn(fields['differingRows']),
    keys: listIn(fields['keys']).filter((key) => typeof key === 'string'),
  };
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function listIn(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : [];
}

function numberIn(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function textIn(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
