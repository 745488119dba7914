/**
 * Waiting that loses no wake-up: a ring while nobody waits is kept, and the next wait returns at once. Many rings are
 * one.
 */
export class Doorbell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Ends a wait that is under way, and is forgotten when there is none. */
  wake(): void {
    this.#wake?.();
  }

  /**
   * Resolves with true after a ring, with false when so many milliseconds have passed without one
   * or {@link wake} was called. One waiter at a time.
   */
  wait(milliseconds: number): Promise<boolean> {
    if (this.#rung) {
      this.#rung = false;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        const rung = this.#rung;
        this.#rung = false;
        resolve(rung);
      };
      const timer = setTimeout(done, milliseconds);
      this.#wake = done;
    });
  }
}

/** The pause before try number `failures` (counted from 1), in milliseconds: doubles up to a cap. */
export function backoff(failures: number, first: number, cap: number): number {
  return Math.min(cap, first * 2 ** Math.min(20, Math.max(0, failures - 1)));
}
