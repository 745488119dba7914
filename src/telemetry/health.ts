import type { Broker } from '../brokers/broker.ts';
import { errorCatalogue, MillraceError } from '../errors.ts';
import type { Relay } from '../relay/relay.ts';
import type { Health, HealthCheck, Outbox, Projections } from '../running-system.ts';
import type { EventLog } from '../store/store.ts';
import type { TimersReport } from '../timers/timer-report.ts';
import { within } from '../within.ts';

export interface HealthSources {
  readonly log: EventLog;
  readonly projections: Projections;
  readonly outbox: Outbox;
  readonly relay: Relay | undefined;
  /** A broker outside the process; undefined for the one inside. */
  readonly broker: Broker | undefined;
  /** The log has reached the size that was set as its limit; undefined when none was set. */
  readonly full: boolean | undefined;
  /** What fires timers in this process; undefined when nothing does. */
  readonly timers?: { readonly reports: readonly TimersReport[]; readonly error: unknown } | undefined;
  readonly stopping: boolean;
}

/** Work that lies longer than this without progress is a fault, in milliseconds. */
const stuckAfter = 10_000;
/** How long one part may take to answer, in milliseconds: less than whoever asks for the health of all waits. */
const partPatience = 1_500;

/**
 * Asks every part. Commands are accepted as long as the event store answers: a relay or projector that is away delays
 * events and refuses none, so it makes the system degraded, not unready. Details name parts, never data.
 */
export async function checkHealth(sources: HealthSources): Promise<Health> {
  const { broker, timers } = sources;
  const [store, readModels, outbox, transport, deadlines] = await Promise.all([
    check('event-store', async () => {
      await sources.log.head();
      return null;
    }),
    check('read-models', async () => {
      const bad = (await sources.projections.list()).filter((projection) => !projection.healthy);
      if (bad.length > 0)
        throw new Trouble(bad.map((one) => `${one.id}: ${one.error ?? `${one.behind} events behind`}`).join('; '));
      return null;
    }),
    check('relay', async () => {
      const pending = await sources.outbox.pending(1);
      // What the broker refused waits by itself: the relay goes on, and it is counted elsewhere.
      const waiting = pending.count - pending.parked;
      if (waiting > 0 && pending.backlogAgeMs > stuckAfter) {
        throw new Trouble(`${waiting} events wait, the oldest for ${Math.round(pending.backlogAgeMs / 1000)} s`);
      }
      const stuck = sources.relay?.error;
      if (stuck !== undefined) throw stuck;
      return sources.relay === undefined ? 'runs elsewhere' : sources.relay.active ? null : 'stands by';
    }),
    broker === undefined
      ? undefined
      : check('broker', async () => {
          await broker.check();
          return null;
        }),
    timers === undefined
      ? undefined
      : check('timers', async () => {
          const late = timers.reports.filter(({ oldestOverdueMs }) => oldestOverdueMs > stuckAfter);
          if (late.length > 0) throw new Trouble(late.map(describeTimers).join('; '));
          if (timers.error !== undefined) throw timers.error;
          return null;
        }),
  ]);
  // Reads go on: a full log makes the system degraded, and keeps it in the place where queries are answered.
  const size: HealthCheck = { name: 'event-store-size', healthy: sources.full !== true, detail: null };
  const room =
    sources.full === undefined ? [] : [sources.full ? { ...size, detail: errorCatalogue.LOG_FULL.meaning } : size];
  const others = [transport, deadlines].filter((one) => one !== undefined);
  const checks = [store, readModels, outbox, ...others, ...room];
  const ready = store.healthy && !sources.stopping;
  return { status: !ready ? 'unhealthy' : checks.every((one) => one.healthy) ? 'healthy' : 'degraded', ready, checks };
}

function describeTimers({ timers, due, oldestOverdueMs }: TimersReport): string {
  return `${timers}: ${due} are overdue, the first for ${Math.round(oldestOverdueMs / 1000)} s`;
}

/** What is said in words of our own. */
class Trouble extends Error {}

/** Everybody may ask for the health: the text of a driver or of an application's code may name hosts, users or data. */
function describe(error: unknown): string {
  return error instanceof Trouble || error instanceof MillraceError ? error.message : 'failed';
}

/** A part that says nothing is a part that is not well, and no reason for the others to say nothing either. */
async function check(name: string, ask: () => Promise<string | null>): Promise<HealthCheck> {
  try {
    return { name, healthy: true, detail: await within(partPatience, ask(), () => new Trouble('does not answer')) };
  } catch (error) {
    return { name, healthy: false, detail: describe(error) };
  }
}
