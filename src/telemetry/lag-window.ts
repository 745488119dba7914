/** Milliseconds of one part of the window, and how many parts it has: a minute. */
const partMs = 5_000;
const parts = 12;

interface Part {
  /** Which part of time it holds, counted since 1970. */
  readonly number: number;
  sum: number;
  count: number;
}

/**
 * The mean lag of the events of the last minute, by their type. Types that were seen once stay, with 0 when there were no
 * events: nothing waits, and a panel is not empty at night.
 */
export class LagWindow {
  readonly #types = new Map<string, Part[]>();

  add(eventName: string, lagMs: number, now: number): void {
    const number = Math.floor(now / partMs);
    let own = this.#types.get(eventName);
    if (own === undefined) {
      own = [];
      this.#types.set(eventName, own);
    }
    const last = own.at(-1);
    if (last !== undefined && last.number >= number) {
      last.sum += lagMs;
      last.count += 1;
      return;
    }
    own.push({ number, sum: lagMs, count: 1 });
    if (own.length > parts) own.shift();
  }

  /** Event type and milliseconds. */
  means(now: number): [eventName: string, lagMs: number][] {
    const oldest = Math.floor(now / partMs) - parts;
    return [...this.#types].map(([eventName, own]) => {
      const recent = own.filter(({ number }) => number > oldest);
      const count = recent.reduce((sum, part) => sum + part.count, 0);
      return [eventName, count === 0 ? 0 : recent.reduce((sum, part) => sum + part.sum, 0) / count];
    });
  }
}
