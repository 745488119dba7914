/** Changes that are kept aside before they are folded into the base. */
const aside = 512;

/**
 * The open visits of a queue by patient key, or by visit for walk-ins; the value says whether the patient waits.
 * Immutable, as every state is, and cheap to change although a queue may hold thousands: a change copies only the few
 * newest changes, and every {@link aside} of them the base is made anew.
 */
export class OpenVisits {
  static readonly none = new OpenVisits(new Map(), new Map(), 0);
  readonly #base: ReadonlyMap<string, boolean>;
  /** undefined: ended. */
  readonly #changes: ReadonlyMap<string, boolean | undefined>;
  /** How many patients wait. */
  readonly waiting: number;

  private constructor(
    base: ReadonlyMap<string, boolean>,
    changes: ReadonlyMap<string, boolean | undefined>,
    waiting: number,
  ) {
    this.#base = base;
    this.#changes = changes;
    this.waiting = waiting;
  }

  /** Opens visits from pairs of key and whether the patient waits. */
  static of(entries: Iterable<readonly [string, boolean]>): OpenVisits {
    const base = new Map(entries);
    return new OpenVisits(base, new Map(), [...base.values()].filter(Boolean).length);
  }

  /** Whether the patient waits; undefined when there is no open visit. */
  get(key: string): boolean | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#base.get(key);
  }

  /** With the visit waiting, called away (false), or ended (undefined). */
  with(key: string, waits: boolean | undefined): OpenVisits {
    const before = this.get(key) === true ? 1 : 0;
    const waiting = this.waiting - before + (waits === true ? 1 : 0);
    const changes = new Map(this.#changes).set(key, waits);
    if (changes.size < aside) return new OpenVisits(this.#base, changes, waiting);
    return new OpenVisits(new Map(merged(this.#base, changes)), new Map(), waiting);
  }

  *entries(): Generator<readonly [string, boolean]> {
    yield* merged(this.#base, this.#changes);
  }
}

function* merged(
  base: ReadonlyMap<string, boolean>,
  changes: ReadonlyMap<string, boolean | undefined>,
): Generator<readonly [string, boolean]> {
  for (const entry of base) if (!changes.has(entry[0])) yield entry;
  for (const [key, waits] of changes) if (waits !== undefined) yield [key, waits];
}
