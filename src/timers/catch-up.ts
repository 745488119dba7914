import type { LogHead } from '../store/store.ts';
import { assertSameLog } from '../store/log-checkpoint.ts';
import type { EventLog } from '../store/store.ts';
import type { DuePage } from './due-timers.ts';
import { timersProjectionId } from './timers-projection.ts';

/** At this time or later, the log ended here. */
interface Mark {
  /** By the clock that timers go by. */
  readonly at: number;
  readonly position: number;
}

/**
 * Keeps timers back until the read model has taken in what was stored before they were due: what has cancelled a timer in
 * time, or set it anew, always counts, however far the projection is behind, and a read model that is built from nothing
 * fires nothing that is long over.
 */
export class CatchUp {
  readonly #log: EventLog;
  #mark: Mark | undefined;
  /** The checkpoint and the log that were found to belong together. */
  #checked = '';

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The log was restored: what is known about its positions is void. */
  forget(): void {
    this.#mark = undefined;
    this.#checked = '';
  }

  /**
   * The time up to which the timers of a page may fire: those that are due later wait for the read model.
   * Throws STORE_UNAVAILABLE, and LOG_RESTORED when read model and log are not of one history.
   */
  async reachedBy(page: DuePage): Promise<number> {
    const before = this.#mark;
    const reached = before !== undefined && page.position >= before.position;
    const last = page.timers.at(-1)?.dueAt ?? page.now;
    if (before !== undefined && reached && last <= before.at) return before.at;
    const head = await this.#log.head();
    await this.#assertSameHistory(page, head);
    // A mark that is not reached stays: taken anew with each look, it would run ahead of a read model for ever.
    if (before === undefined || reached) this.#mark = { at: page.now, position: head.position };
    if (page.position >= head.position) return page.now;
    return before !== undefined && reached ? before.at : -Infinity;
  }

  async #assertSameHistory({ position, eventId, incarnation }: DuePage, head: LogHead): Promise<void> {
    if (incarnation === head.incarnation && position <= head.position) return;
    const pair = `${incarnation ?? ''} ${head.incarnation} ${position}`;
    if (pair === this.#checked) return;
    await assertSameLog(timersProjectionId, { position, eventId }, this.#log);
    this.#checked = pair;
  }
}
