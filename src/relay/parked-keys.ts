import type { RecordedEvent } from '../events/envelope.ts';
import { pauseAfter } from '../retry-schedule.ts';
import type { ParkedKey, PassedOver } from './relay-store.ts';

/** While something is parked the relay looks at the rows so often, in milliseconds: somebody may have decided. */
const lookInterval = 1000;

/**
 * The ordering keys of which the broker refused something, as this relay remembers them: their later events are passed
 * over. Nearly always there are none, and then nothing is asked of the database.
 */
export class ParkedKeys {
  readonly #schedule: readonly number[];
  #keys = new Set<string>();
  #due: string[] = [];
  #lookAt = Infinity;

  constructor(schedule: readonly number[]) {
    this.#schedule = schedule;
  }

  /** The rows have to be looked at: something is due, or may be. */
  get looking(): boolean {
    return this.#keys.size > 0 && performance.now() >= this.#lookAt;
  }

  /** Milliseconds until the rows have to be looked at. */
  get quietFor(): number {
    return this.#keys.size === 0 ? Infinity : Math.max(0, this.#lookAt - performance.now());
  }

  /** A key that is due, the longest first. */
  get due(): string | undefined {
    return this.#due[0];
  }

  /** As the database has it, with everything of this relay written down. */
  replace(keys: readonly ParkedKey[]): void {
    this.#keys = new Set(keys.map(({ key }) => key));
    this.#due = keys.flatMap(({ key, wait }) => (wait !== null && wait <= 0 ? [key] : []));
    const next = Math.min(lookInterval, ...keys.map(({ wait }) => wait ?? Infinity));
    this.#lookAt = keys.length === 0 ? Infinity : performance.now() + Math.max(0, next);
  }

  clear(): void {
    this.replace([]);
  }

  /** Does not look again before so many milliseconds have passed. */
  rest(milliseconds: number): void {
    this.#lookAt = performance.now() + milliseconds;
  }

  /** Splits events: what belongs to no parked key may be published. */
  free(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
    return this.#keys.size === 0 ? events : events.filter((event) => !this.#keys.has(event.stream));
  }

  /**
   * What of a batch is passed over when the broker has refused some of what was free: those, and everything behind one of
   * the same key. That includes what the broker has taken of such a key in the same breath: it is published once more
   * when its turn comes, so that behind every event all later ones of its key are seen after it.
   */
  passOver(events: readonly RecordedEvent[], refused: ReadonlySet<number>, error: string): readonly PassedOver[] {
    if (this.#keys.size === 0 && refused.size === 0) return [];
    const passedOver: PassedOver[] = [];
    for (const { position, stream } of events) {
      if (this.#keys.has(stream)) {
        passedOver.push({ position, key: stream, error: undefined });
      } else if (refused.has(position)) {
        passedOver.push({ position, key: stream, error });
        this.#keys.add(stream);
        const pause = Math.min(lookInterval, pauseAfter(1, this.#schedule) ?? lookInterval);
        this.#lookAt = Math.min(this.#lookAt, performance.now() + pause);
      }
    }
    return passedOver;
  }
}

/** The stretches without a gap of what a batch has left when some positions are taken out. */
export function stretches(
  events: readonly RecordedEvent[],
  without: readonly PassedOver[],
): { readonly first: number; readonly last: number }[] {
  const [first, last] = [events[0]?.position, events.at(-1)?.position];
  if (first === undefined || last === undefined) return [];
  const found: { first: number; last: number }[] = [];
  let from = first;
  for (const { position } of without) {
    if (position > from) found.push({ first: from, last: position - 1 });
    from = position + 1;
  }
  if (from <= last) found.push({ first: from, last });
  return found;
}
