import { MillraceError } from '../../errors.ts';
import type { AppendOutcome, AppendRequest } from '../store.ts';
import { AppendBatch } from './append-batch.ts';

/** One request that waits for its outcome. */
export interface Pending {
  request: AppendRequest;
  readonly since: number;
  /** Characters of payload and metadata. */
  readonly size: number;
  /** Counts the incarnations of the log that this process has met: the request was decided on that one. */
  readonly epoch: number;
  /** It may be stored without our knowing: it was sent, and the connection broke. */
  uncertain: boolean;
  /** When its first batch failed. From then on its patience counts, however often it is sent again. */
  failedSince: number | undefined;
  /** How often a unique index fired in its batch although a look-up found nothing. */
  collisions: number;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests that do not fit into a batch are looked at for so long; then the batch leaves as it is. */
const longestSearch = 1024;

/** Characters of payload and metadata in one batch, roughly. */
const maximumBatchSize = 1_000_000;

/** The requests that are not on their way yet, in order, bounded by number and by size. */
export class WaitingRequests {
  readonly #maximum: number;
  readonly #maximumSize: number;
  #requests: Pending[] = [];
  #size = 0;

  constructor(maximum: number, maximumSize: number) {
    this.#maximum = maximum;
    this.#maximumSize = maximumSize;
  }

  get length(): number {
    return this.#requests.length;
  }

  /** Throws QUEUE_FULL. */
  push(pending: Pending): void {
    const full = this.#requests.length > 0 && this.#size + pending.size > this.#maximumSize;
    if (full || this.#requests.length >= this.#maximum) {
      throw new MillraceError('QUEUE_FULL', 'Too many commands wait for the event store.');
    }
    this.#requests.push(pending);
    this.#size += pending.size;
  }

  /** Puts back what was taken, at the front. */
  putBack(requests: readonly Pending[]): void {
    this.#requests = [...requests, ...this.#requests];
    for (const pending of requests) this.#size += pending.size;
  }

  /** Takes the next batch: the first request, and those behind it that fit beside it. */
  take(maximumEvents: number): { readonly batch: AppendBatch; readonly members: Pending[] } {
    const batch = new AppendBatch();
    const members: Pending[] = [];
    const later: Pending[] = [];
    let index = 0;
    for (const pending of this.#requests) {
      const full = batch.eventCount + pending.request.events.length > maximumEvents || batch.bytes > maximumBatchSize;
      if ((members.length > 0 && full) || later.length >= longestSearch) break;
      if (batch.fits(pending.request)) {
        batch.add(pending.request);
        members.push(pending);
        this.#size -= pending.size;
      } else {
        batch.reserve(pending.request);
        later.push(pending);
      }
      index++;
    }
    this.#requests = index < this.#requests.length ? [...later, ...this.#requests.slice(index)] : later;
    return { batch, members };
  }

  /** Takes out those that a condition holds for. */
  remove(condition: (pending: Pending) => boolean): Pending[] {
    const removed = this.#requests.filter(condition);
    if (removed.length > 0) this.#requests = this.#requests.filter((pending) => !condition(pending));
    for (const pending of removed) this.#size -= pending.size;
    return removed;
  }
}

export function sizeOf(request: AppendRequest): number {
  let size = 0;
  for (const event of request.events) size += event.payload.length + event.metadata.length;
  return size;
}
