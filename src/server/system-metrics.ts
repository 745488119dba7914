import type { AppliedBatch } from '../process-activity.ts';
import type { RunningSystem } from '../running-system.ts';
import { LagWindow } from '../telemetry/lag-window.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { collectTracing } from './tracing-metrics.ts';
import { within } from '../within.ts';

const patienceMs = 2_000;

/**
 * Tells a system's metrics: counts what its consumers apply, and asks what only the databases know when somebody wants
 * to know. Each process tells what belongs to its roles; the API tells what the databases know of all of them, so that
 * the figures of a relay or projector that is away are still there.
 */
export class SystemMetrics {
  readonly #system: RunningSystem;
  readonly #metrics: Metrics;
  readonly #lag = new LagWindow();
  readonly #stop: (() => void) | undefined;
  #collecting: Promise<void> | undefined;
  readonly #told = new Map<string, number>();

  constructor(system: RunningSystem, metrics: Metrics) {
    this.#system = system;
    this.#metrics = metrics;
    this.#stop = system.onApplied?.((batch) => this.#applied(batch));
  }

  /** Counts no more. */
  stop(): void {
    this.#stop?.();
  }

  /**
   * Brings all figures up to date. A part that does not answer keeps its last figures, and is counted: the metrics of the
   * process must be readable exactly then.
   */
  collect(): Promise<void> {
    // Whoever asks meanwhile gets the same figures: many at once cost no more than one.
    this.#collecting ??= this.#collect().finally(() => {
      this.#collecting = undefined;
    });
    return this.#collecting;
  }

  async #collect(): Promise<void> {
    const begun = performance.now();
    const { roles } = this.#system;
    const [api, relay, projector] = (['api', 'relay', 'projector'] as const).map((role) => roles.includes(role));
    this.#collectProcess();
    this.#collectConsumers();
    this.#collectTimers();
    collectTracing(this.#system, this.#metrics);
    for (const [eventName, lagMs] of this.#lag.means(Date.now()))
      this.#metrics.eventProcessingLag.set({ event_name: eventName }, lagMs);
    await Promise.all([
      this.#part('log', () => this.#collectLog(api === true || relay === true)),
      this.#part('databases', () => this.#collectDatabases()),
      ...(api === true || relay === true ? [this.#part('archive', () => this.#collectKept())] : []),
      ...(api === true || projector === true ? [this.#part('projections', () => this.#collectProjections())] : []),
    ]);
    this.#metrics.scrapeDuration.set((performance.now() - begun) / 1000);
  }

  async #part(part: string, collect: () => Promise<void>): Promise<void> {
    try {
      await within(patienceMs, collect(), () => new Error(`${part} does not answer`));
      this.#metrics.scrapeFailures.inc({ part }, 0);
    } catch {
      this.#metrics.scrapeFailures.inc({ part });
    }
  }

  #applied({ projection, primary, seconds, appliedAt, events }: AppliedBatch): void {
    const { eventProcessingDuration, eventProcessingLagSeconds } = this.#metrics;
    eventProcessingDuration.observe({ projection }, seconds);
    if (!primary) return;
    for (const { type, occurredAt } of events) {
      // Clocks of two machines may disagree; a lag below nothing is none.
      const lagMs = Math.max(0, appliedAt - occurredAt);
      this.#lag.add(type, lagMs, appliedAt);
      eventProcessingLagSeconds.observe({ event_name: type }, lagMs / 1000);
    }
  }

  #collectProcess(): void {
    const activity = this.#system.activity?.();
    if (activity === undefined) return;
    const metrics = this.#metrics;
    for (const { pool, busy, idle, waiting, most } of activity.pools) {
      metrics.poolConnections.set({ pool, state: 'busy' }, busy);
      metrics.poolConnections.set({ pool, state: 'idle' }, idle);
      metrics.poolConnections.set({ pool, state: 'waiting' }, waiting);
      metrics.poolMaxConnections.set({ pool }, most);
    }
    if (activity.relay !== undefined) {
      const { active, restarts, refused, failures } = activity.relay;
      metrics.relayActive.set(active ? 1 : 0);
      metrics.relayRestarts.reset();
      metrics.relayRestarts.inc(restarts);
      metrics.eventDispatchFailures.reset();
      metrics.eventDispatchFailures.inc({ kind: 'refused' }, refused);
      metrics.eventDispatchFailures.inc({ kind: 'failed' }, failures);
    }
    // Where another process consumes, what was found here is old.
    metrics.conservationGap.reset();
    metrics.conservationCompared.reset();
    metrics.conservationRounds.reset();
    for (const { projection, gap, compared, rounds } of activity.conservation) {
      metrics.conservationGap.set({ consumer: projection }, gap);
      metrics.conservationCompared.inc({ consumer: projection }, compared);
      metrics.conservationRounds.inc({ consumer: projection }, rounds);
    }
  }

  #collectConsumers(): void {
    const { consumerActive, consumerLogReads, consumerRestarts, projectionErrors } = this.#metrics;
    for (const counter of [consumerLogReads, consumerRestarts, projectionErrors]) counter.reset();
    for (const { projection, active, logReads, restarts, errors } of this.#system.consumers?.() ?? []) {
      consumerActive.set({ projection }, active ? 1 : 0);
      consumerLogReads.inc({ projection }, logReads);
      consumerRestarts.inc({ projection }, restarts);
      projectionErrors.inc({ projection }, errors);
    }
  }

  #collectTimers(): void {
    const { timersDue, timersOldestOverdue, timersFired, timersRefused } = this.#metrics;
    timersFired.reset();
    timersRefused.reset();
    for (const { timers, due, oldestOverdueMs, fired, refused } of this.#system.timers?.() ?? []) {
      timersDue.set({ timers }, due);
      timersOldestOverdue.set({ timers }, oldestOverdueMs / 1000);
      timersFired.inc({ timers }, fired);
      timersRefused.inc({ timers }, refused);
    }
  }

  async #collectLog(withOutbox: boolean): Promise<void> {
    const { log, outbox } = this.#system;
    const metrics = this.#metrics;
    const [head, pending] = await Promise.all([log.head(), withOutbox ? outbox.pending(1) : undefined]);
    // Positions have no gaps, so the head is the number of events ever stored.
    metrics.eventsAppended.reset();
    metrics.eventsAppended.inc(head.position);
    if (pending === undefined) return;
    metrics.outboxPending.set(pending.count);
    metrics.outboxParked.set(pending.parked);
    metrics.outboxOldestAge.set(pending.oldestAgeMs / 1000);
    metrics.outboxBacklogAge.set(pending.backlogAgeMs / 1000);
    metrics.eventsDispatched.reset();
    metrics.eventsDispatched.inc(this.#neverLess('dispatched', Math.max(0, head.position - pending.count)));
  }

  /**
   * Head and cursor are looked up one after the other, and a swapped build may be some events behind: a counter that falls
   * would be taken for one that began anew, and all of it for growth.
   */
  #neverLess(counter: string, value: number): number {
    const most = Math.max(value, this.#told.get(counter) ?? 0);
    this.#told.set(counter, most);
    return most;
  }

  async #collectDatabases(): Promise<void> {
    for (const { database, sizeBytes, oldestSnapshotMs } of (await this.#system.databases?.()) ?? []) {
      this.#metrics.databaseSize.set({ database }, sizeBytes);
      this.#metrics.oldestSnapshotAge.set({ database }, oldestSnapshotMs / 1000);
    }
  }

  async #collectProjections(): Promise<void> {
    const metrics = this.#metrics;
    const projections = await this.#system.projections.list();
    metrics.eventsProcessed.reset();
    for (const { id, position, behind, lagMs, healthy, updatedAt, parked } of projections) {
      const labels = { projection: id };
      metrics.eventsProcessed.inc(labels, this.#neverLess(`processed ${id}`, Math.max(0, position - parked)));
      metrics.projectionBehind.set(labels, behind);
      metrics.projectionLag.set(labels, lagMs / 1000);
      metrics.projectionHealthy.set(labels, healthy ? 1 : 0);
      metrics.deadLettersOpen.set(labels, parked);
      const updated = Date.parse(updatedAt);
      if (Number.isNaN(updated)) continue;
      metrics.projectionLastProcessed.set(labels, updated / 1000);
      // At the head a checkpoint does not move however old it is. What has come since may be younger than it.
      const waitsFor = behind === 0 ? 0 : Math.min(lagMs, Math.max(0, Date.now() - updated));
      metrics.projectionCheckpointAge.set(labels, waitsFor / 1000);
    }
  }

  async #collectKept(): Promise<void> {
    const { archive, lag } = this.#system;
    const { archivedEvents, archiveFailed, lagRowsDeleted } = this.#metrics;
    const [status, deleted] = await Promise.all([archive?.status(), lag.deleted?.()]);
    archivedEvents.reset();
    archivedEvents.inc(status?.archived ?? 0);
    archiveFailed.set(status?.run?.error ? 1 : 0);
    lagRowsDeleted.reset();
    lagRowsDeleted.inc({ table: 'event_processing_lag' }, deleted?.rows ?? 0);
    lagRowsDeleted.inc({ table: 'event_lag_metrics' }, deleted?.minutes ?? 0);
  }
}
