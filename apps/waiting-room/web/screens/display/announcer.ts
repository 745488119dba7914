import type { Call } from './display-model.ts';

export interface AnnouncerParts {
  /** The call that is captioned now; undefined when there is none. */
  readonly caption: (call: Call | undefined) => void;
  /** Resolves when the call has been heard, and read: the next one waits for it. */
  readonly announce: (call: Call) => Promise<void>;
  /** Whether it is still to be said when its turn comes: not when the patient is in the room, or was called elsewhere. */
  readonly stands: (call: Call) => boolean;
}

/** Says calls one after the other, never two at once. */
export class Announcer {
  readonly #parts: AnnouncerParts;
  readonly #waiting: Call[] = [];
  #busy = false;
  #stopped = false;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  say(call: Call): void {
    this.#waiting.push(call);
    if (!this.#busy) void this.#goOn();
  }

  /** Says nothing more. What is being said is the part's to end. */
  stop(): void {
    this.#stopped = true;
  }

  async #goOn(): Promise<void> {
    this.#busy = true;
    for (let call = this.#waiting.shift(); call !== undefined && !this.#stopped; call = this.#waiting.shift()) {
      if (!this.#parts.stands(call)) continue;
      this.#parts.caption(call);
      // Whatever a loudspeaker comes to, the next one is called.
      await this.#parts.announce(call).catch(() => undefined);
    }
    this.#busy = false;
    if (!this.#stopped) this.#parts.caption(undefined);
  }
}
