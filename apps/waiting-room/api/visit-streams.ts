import type { RunningSystem } from '#millrace';
import { publicVisits, type PublicVisit, type VisitPage } from './public-visit.ts';

/**
 * Between the beginnings of two looks there is at least twice the time that a look takes, within these bounds in
 * milliseconds: a quiet clinic hears of everything at once, and a busy machine is not kept busy by looking alone.
 */
const leastPauseMs = 20;
const mostPauseMs = 200;
/** An estimate changes although nothing happens, and so does the name of a room. */
const lookAnywayMs = 30_000;

const changedQueuesSql = `select queue_id as "queueId" from waiting_queue_view where updated_position > $1
                          union select queue_id from visits_view where updated_position > $1`;

interface Follower {
  readonly visitId: string;
  readonly send: (visit: PublicVisit) => void;
  readonly end: () => void;
  /** Where the visit was at the last look. */
  queueId: string;
  /** What was sent last, and the same as text, without the times of the look. */
  visit: PublicVisit;
  last: string;
  /** What changed between the first look and the beginning has not been looked at. */
  isNew: boolean;
}

/**
 * Follows the public pages of visits. When something moved, one question says which queues did, and one more what the open
 * pages of those queues show now, however many they are.
 */
export class VisitStreams {
  readonly #readModels: RunningSystem['readModels'];
  readonly #followers = new Set<Follower>();
  readonly #stopListening: () => void;
  readonly #anyway: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** How long the last look took. */
  #tookMs = 0;
  #looking = false;
  #again = false;
  /** The position that the last look saw; undefined when all pages have to be looked at. */
  #seen: number | undefined;
  #stopped = false;

  constructor(readModels: RunningSystem['readModels']) {
    this.#readModels = readModels;
    this.#stopListening = readModels.onChanged(() => this.#lookSoon());
    this.#anyway = setInterval(() => {
      this.#seen = undefined;
      this.#lookSoon();
    }, lookAnywayMs);
    this.#anyway.unref();
  }

  /** Sends the page of a visit now and whenever it changed, until the visit is over. Returns how to stop it. */
  follow(visitId: string, { queueId, visit }: VisitPage, send: Follower['send'], end: () => void): () => void {
    const follower: Follower = { visitId, queueId, send, end, visit, last: textOf(visit), isNew: true };
    send(visit);
    if (visit.isOver) {
      end();
      return () => undefined;
    }
    this.#followers.add(follower);
    this.#lookSoon();
    return () => this.#followers.delete(follower);
  }

  /** How many pages of a visit are open. */
  countOf(visitId: string): number {
    let count = 0;
    for (const follower of this.#followers) if (follower.visitId === visitId) count += 1;
    return count;
  }

  stop(): void {
    this.#stopped = true;
    this.#stopListening();
    clearInterval(this.#anyway);
    clearTimeout(this.#timer);
  }

  #lookSoon(): void {
    if (this.#followers.size === 0 || this.#stopped) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    const between = Math.min(mostPauseMs, Math.max(leastPauseMs, 2 * this.#tookMs));
    const pause = Math.max(0, this.#lookedAt + between - performance.now());
    this.#timer ??= setTimeout(() => void this.#look(), pause);
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#looking = true;
    this.#lookedAt = performance.now();
    const before = this.#seen;
    try {
      // First: what comes later is looked at with the next look.
      const position = await this.#readModels.position();
      this.#seen = position;
      const moved = await this.#moved(before);
      const visitIds = [...new Set(moved.map(({ visitId }) => visitId))];
      const pages = visitIds.length === 0 ? undefined : await publicVisits(this.#readModels, visitIds, Date.now());
      if (pages !== undefined) this.#tellAll(moved, pages);
    } catch {
      // A read model that is away is looked at again with its next change, and then all of it.
      this.#seen = undefined;
      this.#again = true;
    } finally {
      this.#looking = false;
      this.#tookMs = performance.now() - this.#lookedAt;
    }
    const again = this.#again;
    this.#again = false;
    if (again) this.#lookSoon();
  }

  /** The pages that may show something else than before. */
  async #moved(before: number | undefined): Promise<readonly Follower[]> {
    const all = [...this.#followers];
    if (before === undefined) return all;
    const rows = await this.#readModels.query<{ queueId: string }>(changedQueuesSql, [before]);
    const queues = new Set(rows.map(({ queueId }) => queueId));
    return all.filter(({ queueId, isNew }) => isNew || queues.has(queueId));
  }

  /** First those to whom something happened: they are to go somewhere. Then those whose place moved. */
  #tellAll(moved: readonly Follower[], pages: ReadonlyMap<string, VisitPage>): void {
    const happened = ({ visitId, visit }: Follower): boolean => {
      const now = pages.get(visitId)?.visit;
      return now?.status !== visit.status || now.calls !== visit.calls;
    };
    const later: Follower[] = [];
    for (const follower of moved) {
      if (happened(follower)) this.#tell(follower, pages.get(follower.visitId));
      else later.push(follower);
    }
    for (const follower of later) this.#tell(follower, pages.get(follower.visitId));
  }

  #tell(follower: Follower, page: VisitPage | undefined): void {
    // A visit that is over for long has no page any more.
    if (page === undefined) {
      follower.end();
      return;
    }
    follower.isNew = false;
    follower.queueId = page.queueId;
    const text = textOf(page.visit);
    if (text === follower.last) return;
    follower.visit = page.visit;
    follower.last = text;
    follower.send(page.visit);
    if (page.visit.isOver) follower.end();
  }
}

function textOf(visit: PublicVisit): string {
  return JSON.stringify({ ...visit, updatedAt: '', position: 0 });
}
