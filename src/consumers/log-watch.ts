import { MillraceError } from '../errors.ts';
import type { Build } from '../projections/builds.ts';
import { assertSameLog, type Checkpoint } from '../store/log-checkpoint.ts';
import type { ConsumerOptions } from './consumer.ts';

/** Comparing with the log is not done more often than this, in milliseconds: doubles come in swarms. */
const pauseBetweenComparisons = 1000;

type LogWatchOptions = Pick<ConsumerOptions, 'broker' | 'definition' | 'log' | 'onError' | 'published'>;

/**
 * What a consumer asks the event store beside its deliveries: whether the log is still the one that its checkpoint
 * belongs to, and whether something was published that never came. An event store that is away is no reason to stop
 * where a broker brings whole events from elsewhere: the questions are made up for later.
 */
export class LogWatch {
  readonly #options: LogWatchOptions;
  #doubt = false;
  #lastCompared = -Infinity;
  /** Published, and not here: lost if it does not come. With the time when that was seen first. */
  #overdue: { readonly position: number; readonly since: number } | undefined;

  constructor(options: LogWatchOptions) {
    this.#options = options;
  }

  /** The log may not be the one that the checkpoint belongs to. `urgent`: it is known to have changed. */
  doubt(urgent = false): void {
    this.#doubt = true;
    if (urgent) this.#lastCompared = -Infinity;
  }

  /** Deliveries come: nothing is overdue. */
  delivered(): void {
    this.#overdue = undefined;
  }

  /**
   * The incarnation whose events may be applied to a build. Without the event store it is the checkpoint's own: a
   * delivery of that one that follows the checkpoint without a gap needs no log. Throws LOG_RESTORED.
   */
  async incarnationFor(build: Build): Promise<string> {
    const { definition, log } = this.#options;
    try {
      const head = await log.head();
      await assertSameLog(definition.id, build, log);
      this.#doubt = false;
      return head.incarnation;
    } catch (error) {
      if (build.incarnation === undefined) throw error;
      this.#bear(error);
      this.#doubt = true;
      return build.incarnation;
    }
  }

  /**
   * Compares checkpoint and log when there is doubt. False when the log has another incarnation with our event still in
   * place: nothing is lost, only the name is new. Throws LOG_RESTORED.
   */
  async holds(checkpoint: Checkpoint & { readonly incarnation: string }): Promise<boolean> {
    if (!this.#doubt || performance.now() - this.#lastCompared < pauseBetweenComparisons) return true;
    this.#lastCompared = performance.now();
    const { definition, log } = this.#options;
    try {
      await assertSameLog(definition.id, checkpoint, log);
      const head = await log.head();
      this.#doubt = false;
      return head.incarnation === checkpoint.incarnation;
    } catch (error) {
      this.#bear(error);
      return true;
    }
  }

  /**
   * Nothing has come for a while: the position up to which events have to be read from the log, undefined for none. What
   * may still be on its way here does not count.
   */
  async missing(position: number): Promise<number | undefined> {
    let published: number;
    try {
      published = await this.#options.published();
    } catch (error) {
      if (!this.#options.broker.reachesOthers) throw error;
      this.#options.onError?.(error);
      return undefined;
    }
    if (published < position) this.#doubt = true;
    if (published <= position) {
      this.#overdue = undefined;
      return undefined;
    }
    this.#overdue ??= { position: published, since: performance.now() };
    if (performance.now() - this.#overdue.since < this.#options.broker.transit) return undefined;
    const upTo = this.#overdue.position;
    this.#overdue = undefined;
    return upTo;
  }

  /** Throws what cannot be waited out beside deliveries. */
  #bear(error: unknown): void {
    const isAway = error instanceof MillraceError && error.code === 'STORE_UNAVAILABLE';
    if (!isAway || !this.#options.broker.reachesOthers) throw error;
    this.#options.onError?.(error);
  }
}
