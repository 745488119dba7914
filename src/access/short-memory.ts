import { LRUCache } from 'lru-cache';

/** How long this process goes by what it has heard. Another process's revocation is in effect after this at the latest. */
export const shortMemoryMs = 3_000;
const most = 10_000;

/**
 * Answers of the database, asked once in a few seconds for each key, so that a request in a row of requests costs no
 * query. What is revoked in this process is forgotten at once.
 */
export class ShortMemory<Answer extends object> {
  readonly #known = new LRUCache<string, Answer>({ max: most, ttl: shortMemoryMs });
  readonly #asking = new Map<string, Promise<Answer | undefined>>();
  readonly #isOver: (answer: Answer) => boolean;
  /** Counts up when everything is forgotten: an answer that was on its way then may be out of date. */
  #epoch = 0;

  /** @param isOver says of an answer that it holds no more, however short ago it was given */
  constructor(isOver: (answer: Answer) => boolean = () => false) {
    this.#isOver = isOver;
  }

  /** What is known now; undefined when it has to be asked. */
  get(key: string): Answer | undefined {
    const known = this.#known.get(key);
    return known === undefined || this.#isOver(known) ? undefined : known;
  }

  /** What is known, or what `ask` answers; many who ask for the same at once ask once. */
  find(key: string, ask: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
    const known = this.get(key);
    if (known !== undefined) return Promise.resolve(known);
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const begun = this.#ask(key, ask);
    this.#asking.set(key, begun);
    return begun;
  }

  forget(): void {
    this.#epoch++;
    this.#known.clear();
    this.#asking.clear();
  }

  async #ask(key: string, ask: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
    const epoch = this.#epoch;
    try {
      const found = await ask();
      if (found !== undefined && epoch === this.#epoch) this.#known.set(key, found);
      return found;
    } finally {
      if (epoch === this.#epoch) this.#asking.delete(key);
    }
  }
}
