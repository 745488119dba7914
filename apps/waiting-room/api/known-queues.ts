import { dataOf, type RecordedEvent, type RunningSystem } from '#millrace';
import { QueueConfigured } from '../domain/events.ts';
import { allQueueSettingsTag } from '../domain/names.ts';
import { queueEvents } from '../domain/queue-events.ts';
import { queueStateAfter, type QueueState } from '../domain/queue-state.ts';
import { noStages, type Stages } from '../domain/stages.ts';

/** What a check-in has to know of its queue. */
export interface KnownQueue {
  /** null: no limit. */
  readonly maxCapacity: number | null;
  readonly state: QueueState;
  readonly stages: Stages;
  /** Position of the event that set it; 0 when nothing was ever set. */
  readonly position: number;
}

const neverConfigured: KnownQueue = { maxCapacity: null, state: 'OPEN', stages: noStages, position: 0 };
const settingsTypes: ReadonlySet<string> = new Set(queueEvents.map(({ type }) => type));
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
    return this.#queues.get(queueId) ?? neverConfigured;
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
      const events = await this.#system.log.query([{ tags: [allQueueSettingsTag] }], { after, limit: pageSize });
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
    const queueId = 'queueId' in data && typeof data['queueId'] === 'string' ? data['queueId'] : '';
    const known = this.of(queueId);
    const settings = type === QueueConfigured.type ? dataOf(QueueConfigured, { type, data }) : known;
    this.#queues.set(queueId, {
      maxCapacity: settings.maxCapacity,
      stages: settings.stages,
      state: queueStateAfter(known.state, event),
      position,
    });
  }
}
