/** After two lost races in a row, so many appends are decided under the lock. */
const contendedRounds = 16;

/** How contended something is that commands compete for: a boundary, or what several boundaries name in common. */
export class Contention {
  #lockedRounds = 0;

  /** So many appends more decide under the lock at once, without a try that would fail. */
  get lockedRounds(): number {
    return this.#lockedRounds;
  }

  /** Others write here as well. */
  met(): void {
    this.#lockedRounds = contendedRounds;
  }

  /** Nobody else wrote meanwhile. */
  calm(): void {
    this.#lockedRounds = Math.max(0, this.#lockedRounds - 1);
  }
}
