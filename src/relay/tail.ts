import type { RecordedEvent } from '../events/envelope.ts';

/** Beyond so many events memory gives up; they are read from the log. */
const defaultCapacity = 20_000;

/** Events that were just appended in this process and wait to be published, in the order of positions. */
export class Tail {
  readonly #capacity: number;
  #events: RecordedEvent[] = [];

  constructor(capacity: number = defaultCapacity) {
    this.#capacity = capacity;
  }

  get empty(): boolean {
    return this.#events.length === 0;
  }

  add(events: readonly RecordedEvent[]): void {
    if (this.#events.length + events.length > this.#capacity) this.clear();
    for (const event of events) this.#events.push(event);
  }

  clear(): void {
    this.#events = [];
  }

  /** Removes and returns events from the position on that follow each other without a gap; drops what is before it. */
  take(position: number, maximum: number): readonly RecordedEvent[] {
    const all = this.#events;
    let from = 0;
    while (from < all.length && (all[from]?.position ?? position) < position) from++;
    let to = from;
    while (to - from < maximum && all[to]?.position === position + to - from) to++;
    if (to > 0) this.#events = all.slice(to);
    return all.slice(from, to);
  }
}
