import type { RunningSystem } from '../running-system.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { collectTracing } from './tracing-metrics.ts';

const patienceMs = 2_000;

/**
 * Computes what only the databases know, when somebody asks. A part that does not answer keeps its last figures: the
 * metrics of the process must be readable exactly then.
 */
export async function collectSystemMetrics(system: RunningSystem, metrics: Metrics): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  collectConsumers(system, metrics);
  collectTimers(system, metrics);
  collectTracing(system, metrics);
  const parts = [
    collectLag(system, metrics),
    collectOutbox(system, metrics),
    collectProjections(system, metrics),
    collectArchive(system, metrics),
  ];
  await Promise.race([Promise.allSettled(parts), patience]);
  clearTimeout(timer);
}

function collectConsumers(system: RunningSystem, metrics: Metrics): void {
  metrics.consumerLogReads.reset();
  for (const { projection, logReads } of system.consumers?.() ?? [])
    metrics.consumerLogReads.inc({ projection }, logReads);
}

function collectTimers(system: RunningSystem, metrics: Metrics): void {
  metrics.timersFired.reset();
  metrics.timersRefused.reset();
  for (const { timers, due, oldestOverdueMs, fired, refused } of system.timers?.() ?? []) {
    metrics.timersDue.set({ timers }, due);
    metrics.timersOldestOverdue.set({ timers }, oldestOverdueMs / 1000);
    metrics.timersFired.inc({ timers }, fired);
    metrics.timersRefused.inc({ timers }, refused);
  }
}

async function collectLag(system: RunningSystem, metrics: Metrics): Promise<void> {
  const events = await system.lag.recent(1_000);
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { eventName, totalLagMs } of events) {
    if (totalLagMs === null) continue;
    const known = sums.get(eventName);
    if (known === undefined) sums.set(eventName, { sum: totalLagMs, count: 1 });
    else {
      known.sum += totalLagMs;
      known.count++;
    }
  }
  metrics.eventProcessingLag.reset();
  for (const [eventName, { sum, count }] of sums)
    metrics.eventProcessingLag.set({ event_name: eventName }, sum / count);
}

async function collectOutbox(system: RunningSystem, metrics: Metrics): Promise<void> {
  const [pending, head] = await Promise.all([system.outbox.pending(1), system.log.head()]);
  metrics.outboxPending.set(pending.count);
  metrics.outboxParked.set(pending.parked);
  metrics.outboxOldestAge.set(pending.oldestAgeMs / 1000);
  // Positions have no gaps, so the head is the number of events ever stored.
  metrics.eventsDispatched.reset();
  metrics.eventsDispatched.inc(Math.max(0, head.position - pending.count));
}

async function collectProjections(system: RunningSystem, metrics: Metrics): Promise<void> {
  const projections = await system.projections.list();
  metrics.eventsProcessed.reset();
  for (const { id, position, behind, lagMs, healthy, updatedAt, parked } of projections) {
    const labels = { projection: id };
    metrics.eventsProcessed.inc(labels, Math.max(0, position - parked));
    metrics.projectionBehind.set(labels, behind);
    metrics.projectionLag.set(labels, lagMs / 1000);
    metrics.projectionHealthy.set(labels, healthy ? 1 : 0);
    metrics.deadLettersOpen.set(labels, parked);
    const updated = Date.parse(updatedAt);
    if (!Number.isNaN(updated)) metrics.projectionLastProcessed.set(labels, updated / 1000);
  }
}

async function collectArchive({ archive, lag }: RunningSystem, metrics: Metrics): Promise<void> {
  const [status, deleted] = await Promise.all([archive?.status(), lag.deleted?.()]);
  metrics.archivedEvents.reset();
  metrics.archivedEvents.inc(status?.archived ?? 0);
  metrics.archiveFailed.set(status?.run?.error ? 1 : 0);
  metrics.lagRowsDeleted.reset();
  metrics.lagRowsDeleted.inc({ table: 'event_processing_lag' }, deleted?.rows ?? 0);
  metrics.lagRowsDeleted.inc({ table: 'event_lag_metrics' }, deleted?.minutes ?? 0);
}
