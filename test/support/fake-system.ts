import { CommandHandler, type CommandOptions } from '../../src/commands/command-handler.ts';
import type { Boundary, DecidedEvent, Decider } from '../../src/commands/decider.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import { MillraceError } from '../../src/errors.ts';
import type { Row } from '../../src/projections/definition.ts';
import type { AppliedBatch } from '../../src/process-activity.ts';
import type {
  BuildsNow,
  DeadLetter,
  EventLag,
  Health,
  LagSummary,
  PendingEvent,
  ProjectionStatus,
  RebuildProgress,
  RefusedEvent,
  RunningSystem,
} from '../../src/running-system.ts';
import type { SystemDefinition } from '../../src/system.ts';
import { MemoryLog } from '../../src/testing/memory-log.ts';

/** What a test can set of a fake system; everything may be changed while it runs. */
export class FakeState {
  /** Rows by relation. */
  readonly tables = new Map<string, Row[]>();
  readonly pending: PendingEvent[] = [];
  readonly lags: EventLag[] = [];
  readonly deadLetters: DeadLetter[] = [];
  readonly refused: RefusedEvent[] = [];
  /** What was asked for, in order: filters of lag statistics, rebuilds, actions. */
  readonly asked: object[] = [];
  readonly rebuilds = new Map<string, RebuildProgress>();
  health: Health = { status: 'healthy', ready: true, checks: [{ name: 'event store', healthy: true, detail: null }] };
  position = 0;
  generation = 1;
  /** What a rebuild waits for; default: nothing. */
  rebuildGate: Promise<void> = Promise.resolve();
  /** Who watches rebuilds. */
  readonly rebuildListeners = new Set<(progress: RebuildProgress) => void>();
  /** Set to make every query of the read model fail with it. */
  queryFailure: Error | undefined;
  /** Counts queries of the read model. */
  queries = 0;
  readonly listeners = new Set<(position: number) => void>();
  /** Who hears of what consumers apply. */
  readonly appliedListeners = new Set<(batch: AppliedBatch) => void>();

  /** Puts a row into a relation, in place of the one with the same key. */
  put(relation: string, key: string, row: Row, position: number): void {
    const rows = this.tables.get(relation) ?? [];
    this.tables.set(relation, [...rows.filter((known) => known[key] !== row[key]), row]);
    this.position = Math.max(this.position, position);
  }

  /** A rebuild got on. */
  progressed(progress: RebuildProgress, onProgress?: (progress: RebuildProgress) => void): void {
    this.rebuilds.set(progress.projection, progress);
    onProgress?.(progress);
    for (const listener of this.rebuildListeners) listener(progress);
  }

  /** Tells the listeners that the read model moved on. */
  changed(): void {
    for (const listener of this.listeners) listener(this.position);
  }
}

/**
 * A running system without a database: a log in memory and real command handling in front of it; read models, lag and
 * dead letters are what the test puts into `state`.
 */
export interface FakeSystem extends RunningSystem {
  readonly fake: FakeState;
  readonly log: MemoryLog;
}

export function fakeSystem(definition: SystemDefinition): FakeSystem {
  const log = new MemoryLog(definition.name);
  const registry = new EventRegistry(definition.name, definition.events);
  const handler = new CommandHandler(log, registry);
  const fake = new FakeState();
  return {
    definition,
    roles: ['api', 'relay', 'projector'],
    log,
    registry,
    fake,
    execute: <State, Command, Event extends DecidedEvent>(
      decider: Decider<State, Command, Event>,
      command: Command,
      options?: CommandOptions,
    ) => handler.execute(decider, command, options),
    onApplied: (listener) => {
      fake.appliedListeners.add(listener);
      return () => fake.appliedListeners.delete(listener);
    },
    state: <State, Command, Event extends DecidedEvent>(decider: Decider<State, Command, Event>, boundary: Boundary) =>
      handler.state(decider, boundary),
    readModels: {
      query: async <R extends object = Row>(
        sql: string,
        parameters: readonly unknown[] = [],
        options: { minPosition?: number } = {},
      ) => {
        fake.queries++;
        if (fake.queryFailure !== undefined) throw fake.queryFailure;
        if ((options.minPosition ?? 0) > fake.position) {
          throw new MillraceError('PROJECTION_BEHIND', 'The read model did not reach the wanted position in time.');
        }
        // The caller names the row type of its own query, here as with a database.
        return select(fake, sql, parameters) as unknown[] as R[];
      },
      position: async () => fake.position,
      onChanged: (listener) => {
        fake.listeners.add(listener);
        return () => fake.listeners.delete(listener);
      },
    },
    projections: {
      list: async () => Promise.all(definition.projections.map(({ id }) => statusOf(fake, log, id))),
      get: async (id) => {
        requireProjection(definition, id);
        return statusOf(fake, log, id);
      },
      rebuild: async (id, onProgress, request = {}) => {
        requireProjection(definition, id);
        if (fake.rebuilds.get(id)?.state === 'running') {
          throw new MillraceError('REBUILD_IN_PROGRESS', 'A rebuild of that projection is already running.');
        }
        fake.asked.push(request);
        const running = progress(id, 'running', fake.position);
        fake.progressed(running, onProgress);
        await fake.rebuildGate;
        const done = progress(id, 'done', fake.position);
        fake.progressed(done, onProgress);
        fake.generation++;
        return done;
      },
      rebuildProgress: async (id) => {
        requireProjection(definition, id);
        return fake.rebuilds.get(id);
      },
      watchRebuild: (_operation, onProgress) => {
        for (const known of fake.rebuilds.values()) onProgress(known);
        fake.rebuildListeners.add(onProgress);
        return () => fake.rebuildListeners.delete(onProgress);
      },
      act: async (id, action, request = {}) => {
        requireProjection(definition, id);
        if (action === 'confirm') throw new MillraceError('REBUILD_NOT_RUNNING', 'It does not wait.');
        fake.asked.push({ action, ...request });
        return buildsOf(fake);
      },
      builds: async (id) => {
        requireProjection(definition, id);
        return buildsOf(fake);
      },
    },
    operations: {
      request: async () => Promise.reject(new MillraceError('PROJECTOR_MISSING', 'Nothing is executed here.')),
      wait: async (id) => Promise.reject(unknownOperation(id)),
      watch: () => () => undefined,
      get: async (id) => Promise.reject(unknownOperation(id)),
      list: async () => [],
    },
    deadLetters: {
      list: async ({ projection, orderingKey, eventName, status, open, after, limit } = {}) =>
        fake.deadLetters
          .filter((letter) => projection === undefined || letter.projection === projection)
          .filter((letter) => orderingKey === undefined || letter.orderingKey === orderingKey)
          .filter((letter) => eventName === undefined || letter.eventName === eventName)
          .filter((letter) => status === undefined || letter.status === status)
          .filter((letter) => open === undefined || open === null || isOpen(letter) === open)
          .filter((letter) => letter.id > (after ?? 0))
          .slice(0, limit),
      get: async (id) => {
        const letter = fake.deadLetters.find((one) => one.id === id);
        if (letter === undefined)
          throw new MillraceError('DEAD_LETTER_UNKNOWN', 'There is no dead letter with that id.');
        return { ...letter, behind: 0, first: letter.id };
      },
      count: async () => fake.deadLetters.filter(isOpen).length,
      retry: async (id, actor, reason) => settle(fake, id, 'retried', actor, reason ?? null),
      retryAll: async ({ projection }, actor, reason) => {
        const open = fake.deadLetters
          .filter(isOpen)
          .filter((letter) => letter.projection === (projection ?? letter.projection));
        for (const letter of open) settle(fake, letter.id, 'retried', actor, reason ?? null);
        return { keys: open.length, applied: open.length, failedAgain: 0 };
      },
      discard: async (id, actor, reason) => settle(fake, id, 'discarded', actor, reason),
    },
    refusedEvents: {
      list: async () => [...fake.refused],
      get: async (id) => ({ ...refusedOf(fake, id), behind: 0, first: id, decisions: [] }),
      count: async () => fake.refused.length,
      retry: async (id) => {
        refusedOf(fake, id);
        return { keys: 1 };
      },
      retryAll: async () => ({ keys: fake.refused.length }),
      discard: async (id) => {
        refusedOf(fake, id);
        return { left: 0 };
      },
    },
    lag: {
      statistics: async (filter = {}) => {
        fake.asked.push(filter);
        return summary(fake.lags, filter);
      },
      event: async (id) => fake.lags.find(({ eventId }) => eventId === id),
      slowest: async (limit, eventName) =>
        fake.lags
          .filter((lag) => eventName === undefined || lag.eventName === eventName)
          .toSorted((a, b) => (b.totalLagMs ?? 0) - (a.totalLagMs ?? 0))
          .slice(0, limit),
      recent: async (limit) => fake.lags.toReversed().slice(0, limit),
      range: async (after, upTo) => fake.lags.filter(({ position }) => position > after && position <= upTo),
    },
    outbox: {
      pending: async (limit = 100) => ({
        parked: 0,
        backlogAgeMs: Math.max(0, ...fake.pending.map(({ ageMs }) => ageMs)),
        count: fake.pending.length,
        oldestAgeMs: Math.max(0, ...fake.pending.map(({ ageMs }) => ageMs)),
        events: fake.pending.slice(0, limit),
      }),
    },
    health: async () => fake.health,
    stop: () => handler.close(),
  };
}

/** Understands `select … from "relation" [where "column" > $1 [and "column"::text = $3] order by … limit $2]`. */
function select(fake: FakeState, sql: string, parameters: readonly unknown[]): Row[] {
  const relation = /from "?(\w+)"?/.exec(sql)?.[1] ?? '';
  let rows = fake.tables.get(relation) ?? [];
  const behind = /where "(\w+)" > \$1/.exec(sql)?.[1];
  const filter = /and "(\w+)"::text = \$3/.exec(sql)?.[1];
  if (filter !== undefined) rows = rows.filter((row) => row[filter] === parameters[2]);
  if (behind === undefined) return rows;
  const limit = Number(parameters[1]);
  return rows
    .filter((row) => Number(row[behind]) > Number(parameters[0]))
    .toSorted((a, b) => Number(a[behind]) - Number(b[behind]))
    .slice(0, limit);
}

function requireProjection(definition: SystemDefinition, id: string): void {
  if (definition.projections.some((projection) => projection.id === id)) return;
  throw new MillraceError('PROJECTION_UNKNOWN', 'There is no projection of that name.');
}

async function statusOf(fake: FakeState, log: MemoryLog, id: string): Promise<ProjectionStatus> {
  const head = await log.head();
  return {
    id,
    generation: fake.generation,
    position: fake.position,
    eventId: null,
    headPosition: head.position,
    behind: Math.max(0, head.position - fake.position),
    lagMs: 0,
    healthy: true,
    state: fake.rebuilds.get(id)?.state === 'running' ? 'rebuilding' : 'live',
    error: null,
    updatedAt: '2026-01-01T00:00:00.000Z',
    parked: fake.deadLetters.filter((letter) => letter.projection === id && isOpen(letter)).length,
  };
}

function progress(projection: string, state: RebuildProgress['state'], target: number): RebuildProgress {
  const startedAt = '2026-01-01T00:00:00.000Z';
  const position = state === 'done' ? target : 0;
  return {
    operation: 1,
    projection,
    state,
    position,
    target,
    eventsPerSecond: 0,
    secondsLeft: null,
    startedAt,
    error: null,
    differences: [],
  };
}

function buildsOf(fake: FakeState): BuildsNow {
  return { generation: fake.generation, position: fake.position, old: null };
}

function unknownOperation(id: number): MillraceError {
  return new MillraceError('OPERATION_UNKNOWN', `There is no operation ${id}.`);
}

function refusedOf(fake: FakeState, id: number): RefusedEvent {
  const event = fake.refused.find((one) => one.id === id);
  if (event === undefined) throw new MillraceError('DEAD_LETTER_UNKNOWN', 'There is no refused event with that id.');
  return event;
}

function isOpen(letter: DeadLetter): boolean {
  return letter.status === 'failed' || letter.status === 'waiting';
}

function settle(
  fake: FakeState,
  id: number,
  status: DeadLetter['status'],
  actor: string | null,
  reason: string | null,
): { applied: number; left: number } {
  const index = fake.deadLetters.findIndex((letter) => letter.id === id);
  const letter = fake.deadLetters[index];
  if (letter === undefined) throw new MillraceError('DEAD_LETTER_UNKNOWN', 'There is no dead letter with that id.');
  fake.deadLetters[index] = { ...letter, status, actor, reason };
  return { applied: 1, left: 0 };
}

function summary(lags: readonly EventLag[], filter: { eventName?: string; from?: Date; to?: Date }): LagSummary {
  const found = lags.filter((lag) => filter.eventName === undefined || lag.eventName === filter.eventName);
  const totals = found.flatMap(({ totalLagMs }) => totalLagMs ?? []);
  const average = totals.length === 0 ? null : totals.reduce((sum, value) => sum + value, 0) / totals.length;
  return {
    eventName: filter.eventName ?? null,
    from: filter.from?.toISOString() ?? null,
    to: filter.to?.toISOString() ?? null,
    count: found.length,
    processedCount: totals.length,
    pendingCount: found.length - totals.length,
    failedCount: 0,
    avgLagMs: average,
    minLagMs: average,
    maxLagMs: average,
    p50LagMs: average,
    p95LagMs: average,
    p99LagMs: average,
    avgOutboxWaitMs: null,
    avgOutboxDispatchDurationMs: null,
    avgTransitMs: null,
    avgProjectionProcessingDurationMs: null,
    eventsPerSecond: null,
  };
}
