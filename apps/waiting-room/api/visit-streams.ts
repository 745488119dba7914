import type { RunningSystem } from '#millrace';
import { publicVisits, type PublicVisit } from './public-visit.ts';

/** The least time between two looks, in milliseconds: however much happens, a page hears of it once in that time. */
const pauseMs = 1000;
/** An estimate changes although nothing happens. */
const lookAnywayMs = 30_000;

interface Follower {
  readonly visitId: string;
  readonly send: (visit: PublicVisit) => void;
  readonly end: () => void;
  /** What was sent last, without the times of the look. */
  last: string;
}

/** Follows the public pages of visits: one question to the read model for all that are open, and only when something moved. */
export class VisitStreams {
  readonly #readModels: RunningSystem['readModels'];
  readonly #followers = new Set<Follower>();
  readonly #stopListening: () => void;
  readonly #anyway: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #again = false;
  #stopped = false;

  constructor(readModels: RunningSystem['readModels']) {
    this.#readModels = readModels;
    this.#stopListening = readModels.onChanged(() => this.#lookSoon());
    this.#anyway = setInterval(() => this.#lookSoon(), lookAnywayMs);
    this.#anyway.unref();
  }

  /** Sends the page of a visit now and whenever it changed. Returns how to stop it. */
  follow(visitId: string, first: PublicVisit, send: (visit: PublicVisit) => void, end: () => void): () => void {
    const follower: Follower = { visitId, send, end, last: textOf(first) };
    this.#followers.add(follower);
    send(first);
    // What changed between the first look and now.
    this.#lookSoon();
    return () => this.#followers.delete(follower);
  }

  stop(): void {
    this.#stopped = true;
    this.#stopListening();
    clearInterval(this.#anyway);
    clearTimeout(this.#timer);
  }

  #lookSoon(): void {
    if (this.#followers.size === 0 || this.#stopped) return;
    if (this.#looking) this.#again = true;
    else this.#timer ??= setTimeout(() => void this.#look(), pauseMs);
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#looking = true;
    try {
      const visitIds = [...new Set([...this.#followers].map(({ visitId }) => visitId))];
      const visits = await publicVisits(this.#readModels, visitIds, Date.now());
      for (const follower of this.#followers) this.#tell(follower, visits.get(follower.visitId));
    } catch {
      // A read model that is away is looked at again with its next change.
      this.#again = true;
    } finally {
      this.#looking = false;
    }
    const again = this.#again;
    this.#again = false;
    if (again) this.#lookSoon();
  }

  #tell(follower: Follower, visit: PublicVisit | undefined): void {
    // Nobody is told of a visit that the look did not know yet; one that is over for long has no page any more.
    if (visit === undefined) {
      follower.end();
      return;
    }
    const text = textOf(visit);
    if (text === follower.last) return;
    follower.last = text;
    follower.send(visit);
  }
}

function textOf(visit: PublicVisit): string {
  return JSON.stringify({ ...visit, updatedAt: '', position: 0 });
}
