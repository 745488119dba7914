import { dataOf, type RecordedEvent, type RunningSystem } from '#millrace';
import { QueueConfigured, SiteConfigured } from '../domain/events.ts';
import { allQueueSettingsTag, allSitesTag } from '../domain/names.ts';
import { queueEvents } from '../domain/queue-events.ts';
import { queueStateAfter, type QueueState } from '../domain/queue-state.ts';
import { defaultsOf } from '../domain/queue.ts';
import type { Stages } from '../domain/stages.ts';
import type { SiteHours } from '../domain/zone-time.ts';
import { siteEvents } from '../domain/site-events.ts';

/** What a check-in has to know of its queue. */
export interface KnownQueue {
  /** null: no limit. */
  readonly maxCapacity: number | null;
  readonly state: QueueState;
  readonly stages: Stages;
  readonly siteId: string;
  readonly ticketPrefix: string;
  /** Position of the event that set it; 0 when nothing was ever set. */
  readonly position: number;
}

const settingsTypes: ReadonlySet<string> = new Set([...queueEvents, ...siteEvents].map(({ type }) => type));
/** The time zone of a site that was given none: the server's. */
export const ownTimeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const pageSize = 1000;

/**
 * The settings of all queues and the hours of all sites, in memory, so that a check-in asks nobody. They may be a moment old: what another process
 * set is looked up at most once a second. A check-in that acted on old settings fails its guard and asks again.
 */
export class KnownQueues {
  readonly #system: Pick<RunningSystem, 'log' | 'registry' | 'readModels'>;
  readonly #queues = new Map<string, KnownQueue>();
  readonly #sites = new Map<string, SiteHours>();
  readonly #stops: readonly (() => void)[];
  #position = 0;
  #incarnation = 0;
  #refreshed = 0;
  #refreshing: Promise<void> | undefined;

  constructor(system: Pick<RunningSystem, 'log' | 'registry' | 'readModels'>) {
    this.#system = system;
    this.#stops = [
      // Read and not learnt from these: between two events of this process may lie one of another.
      system.log.onAppended((events) => {
        if (events.some(({ type }) => settingsTypes.has(type))) this.#refreshSoon();
      }),
      system.log.onIncarnationChanged(() => {
        this.#queues.clear();
        this.#sites.clear();
        this.#position = 0;
        this.#incarnation += 1;
        this.#refreshSoon();
      }),
      system.readModels.onChanged(() => {
        if (performance.now() - this.#refreshed > 1000) this.#refreshSoon();
      }),
    ];
  }

  /** What is known of a queue now. */
  of(queueId: string): KnownQueue {
    return this.#queues.get(queueId) ?? neverConfigured(queueId);
  }

  /** The clock of a site, and when its day ends. */
  hoursOf(siteId: string): SiteHours {
    return this.#sites.get(siteId) ?? { timeZone: ownTimeZone, closesAt: null };
  }

  /**
   * What is known of a queue after another look. Before a refusal, which meets no guard: whoever heard that the queue
   * is open again is let in.
   */
  async again(queueId: string): Promise<KnownQueue> {
    // One that is under way may have begun before the queue was opened.
    await this.#refreshing;
    await this.refresh();
    return this.of(queueId);
  }

  /** Reads what was set since the last look. Calls at the same time share one look. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #refreshSoon(): void {
    // Missing a look does no harm: the guard of a check-in notices, and the next change looks again.
    this.refresh().catch(() => undefined);
  }

  async #read(): Promise<void> {
    this.#refreshed = performance.now();
    for (;;) {
      const after = this.#position;
      const incarnation = this.#incarnation;
      const events = await this.#system.log.query([{ tags: [allQueueSettingsTag] }, { tags: [allSitesTag] }], {
        after,
        limit: pageSize,
      });
      // Another log took the place of the one that was asked: from the beginning.
      if (incarnation !== this.#incarnation) continue;
      for (const event of events) {
        this.#learn(event);
        this.#position = event.position;
      }
      if (events.length < pageSize) return;
    }
  }

  #learn(event: RecordedEvent): void {
    const { type, data, position } = this.#system.registry.decode(event);
    if (type === SiteConfigured.type) {
      const { siteId, timeZone, closesAt } = dataOf(SiteConfigured, { type, data });
      this.#sites.set(siteId, { timeZone, closesAt });
      return;
    }
    const queueId = 'queueId' in data && typeof data['queueId'] === 'string' ? data['queueId'] : undefined;
    // The days of a site change what is known of its queues by events of their own.
    if (queueId === undefined) return;
    const known = this.of(queueId);
    const settings = type === QueueConfigured.type ? dataOf(QueueConfigured, { type, data }) : known;
    const { maxCapacity, stages, siteId, ticketPrefix } = settings;
    const state = queueStateAfter(known.state, event);
    this.#queues.set(queueId, { maxCapacity, stages, siteId, ticketPrefix, state, position });
  }
}

function neverConfigured(queueId: string): KnownQueue {
  const { maxCapacity, stages, siteId, ticketPrefix } = defaultsOf(queueId);
  return { maxCapacity, stages, siteId, ticketPrefix, state: 'OPEN', position: 0 };
}
