import { Doorbell } from '../doorbell.ts';
import type { LeaseKeeper } from '../postgres/lease.ts';
import type { Cursor, PassedOver, Publication, RelayStore } from './relay-store.ts';

/** Milliseconds. What a crash makes of it: so much more is published again, and passed over. */
const pauseBetweenSaves = 20;

export interface CursorJournalOptions {
  readonly store: RelayStore;
  readonly schedule: readonly number[];
  /** Called after the cursor was written down. */
  readonly onAdvanced: ((position: number) => void) | undefined;
  /** A save that nobody waits for has failed: cursor and log may not be what they were. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Writes the cursor of one relay down, with what was published and passed over on the way: beside the publishing, not
 * before the next batch. Only while the lease is held.
 */
export class CursorJournal {
  readonly #options: CursorJournalOptions;
  readonly #rest = new Doorbell();
  #keeper: LeaseKeeper | undefined;
  #reached: Cursor = { position: 0, eventId: undefined };
  #saved: Cursor = this.#reached;
  #publications: Publication[] = [];
  #passedOver: PassedOver[] = [];
  #saving: Promise<void> | undefined;
  #hurried = false;

  constructor(options: CursorJournalOptions) {
    this.#options = options;
  }

  /** Confirmed by the broker, or passed over. */
  get reached(): Cursor {
    return this.#reached;
  }

  begin(keeper: LeaseKeeper, from: Cursor): void {
    this.leave();
    this.#keeper = keeper;
    this.#saved = from;
    this.#reached = from;
  }

  /** The lease is not ours any more: what was not written down is published again by whoever has it. */
  leave(): void {
    this.#keeper = undefined;
    this.#publications = [];
    this.#passedOver = [];
  }

  /** Notes what became of the events up to this one; it is written down soon. */
  note(reached: Cursor, publications: readonly Publication[], passedOver: readonly PassedOver[]): void {
    this.#reached = reached;
    this.#publications.push(...publications);
    this.#passedOver.push(...passedOver);
    this.saveSoon();
  }

  /** Writes down what is left, when no save is under way: one that failed is tried again. */
  saveSoon(): void {
    if (!this.#unsaved) return;
    this.#saving ??= this.#saveUntilQuiet().finally(() => {
      this.#saving = undefined;
    });
  }

  /** True when this is how the cursor was left. */
  wasLeftAt({ position, eventId }: Cursor): boolean {
    // A call that failed here may have succeeded there.
    return [this.#saved, this.#reached].some((one) => one.position === position && one.eventId === eventId);
  }

  /** Resolves when no save is under way. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  /** Writes down now what is left. */
  async flush(): Promise<void> {
    this.#rest.ring();
    await this.#saving;
    await this.#save();
  }

  /** From now on there are no pauses between two saves. */
  hurry(): void {
    this.#hurried = true;
    this.#rest.ring();
  }

  get #unsaved(): boolean {
    return this.#publications.length > 0 || this.#passedOver.length > 0;
  }

  async #saveUntilQuiet(): Promise<void> {
    try {
      while (this.#unsaved && this.#keeper !== undefined) {
        await this.#save();
        // The first one is written down at once; under load one row for each pause is enough.
        if (!this.#hurried) await this.#rest.wait(pauseBetweenSaves);
      }
    } catch (error) {
      this.#options.onFailed(error);
    }
  }

  async #save(): Promise<void> {
    const keeper = this.#keeper;
    if (keeper === undefined || !this.#unsaved) return;
    const { store, schedule, onAdvanced } = this.#options;
    const publications = this.#publications;
    const passedOver = this.#passedOver;
    const to = this.#reached;
    this.#publications = [];
    this.#passedOver = [];
    try {
      await store.advance(keeper.lease, this.#saved, to, publications, passedOver, schedule);
    } catch (error) {
      if (this.#keeper === keeper) {
        this.#publications = [...publications, ...this.#publications];
        this.#passedOver = [...passedOver, ...this.#passedOver];
      }
      throw error;
    }
    if (this.#keeper !== keeper) return;
    this.#saved = to;
    onAdvanced?.(to.position);
  }
}
