import { dataOf, type RecordedEvent, type RunningSystem } from '#millrace';
import { QueueConfigured } from '../domain/events.ts';
import { allQueueSettingsTag } from '../domain/names.ts';

/** What a check-in has to know of its queue. */
export interface KnownQueue {
  /** null: no limit. */
  readonly maxCapacity: number | null;
  /** Position of the event that set it; 0 when nothing was ever set. */
  readonly position: number;
}

const neverConfigured: KnownQueue = { maxCapacity: null, position: 0 };
const pageSize = 1000;

/**
 * The settings of all queues, in memory, so that a check-in asks nobody. They may be a moment old: what another process
 * set is looked up at most once a second. A check-in that acted on old settings fails its guard and asks again.
 */
export class KnownQueues {
  readonly #system: Pick<RunningSystem, 'log' | 'registry' | 'readModels'>;
  readonly #queues = new Map<string, KnownQueue>();
  readonly #stops: readonly (() => void)[];
  #position = 0;
  #refreshed = 0;
  #refreshing: Promise<void> | undefined;

  constructor(system: Pick<RunningSystem, 'log' | 'registry' | 'readModels'>) {
    this.#system = system;
    this.#stops = [
      system.log.onAppended((events) => {
        for (const event of events) if (event.type === QueueConfigured.type) this.#learn(event);
      }),
      system.log.onIncarnationChanged(() => {
        this.#queues.clear();
        this.#position = 0;
        this.#refreshSoon();
      }),
      system.readModels.onChanged(() => {
        if (performance.now() - this.#refreshed > 1000) this.#refreshSoon();
      }),
    ];
  }

  /** What is known of a queue now. */
  of(queueId: string): KnownQueue {
    return this.#queues.get(queueId) ?? neverConfigured;
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
      const events = await this.#system.log.query([{ tags: [allQueueSettingsTag] }], { after, limit: pageSize });
      for (const event of events) {
        this.#learn(event);
        // Only a read moves the position: what this process appended may have older neighbours from another one.
        this.#position = Math.max(this.#position, event.position);
      }
      if (events.length < pageSize) return;
    }
  }

  #learn(event: RecordedEvent): void {
    const { queueId, maxCapacity } = dataOf(QueueConfigured, this.#system.registry.decode(event));
    if (event.position > this.of(queueId).position)
      this.#queues.set(queueId, { maxCapacity, position: event.position });
  }
}
