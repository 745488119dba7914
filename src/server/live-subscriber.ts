import type { LiveMessage, ResetReason } from './live-feed.ts';
import { WrittenMessage } from './live-message.ts';

/** The way to one client. */
export interface LiveConnection {
  send(message: WrittenMessage): void;
  /** What is sent until {@link LiveConnection.release} leaves in one piece. */
  hold(): void;
  release(): void;
  /** Bytes that were handed over and did not leave yet. */
  readonly buffered: number;
  /** Asks the client whether it is there, where the protocol can; false when it did not answer the last time. */
  ping(): boolean;
  /** Ends the connection in order. */
  close(): void;
  /** Cuts the connection. */
  drop(): void;
}

/** A client is cut off when so many bytes wait for it: it can come back and go on where it was. */
export const largestBuffer = 1_000_000;
/** Messages that wait while a client's gap is filled; beyond, it loads again. */
const mostWaiting = 100;

interface WaitingMessage {
  readonly view: string;
  readonly newest: number;
  readonly message: WrittenMessage;
}

/** One client of a feed: first brought up to date, then live. */
export class LiveSubscriber {
  readonly #connection: LiveConnection;
  readonly #filters: ReadonlyMap<string, string>;
  /** Whether rows of a view may be sent to the client now. */
  readonly maySee: (view: string) => boolean;
  /** For each view, how far the gap was filled: what the feed sent meanwhile is not repeated. */
  readonly #filled = new Map<string, number>();
  /** What the feed sent while the gap is being filled; undefined afterwards. */
  #waiting: WaitingMessage[] | undefined = [];
  /** Why the client has to load again, heard while the gap is being filled. */
  #reset: ResetReason | undefined;
  /** The connection was ended from this side. What is written behind the end of a stream is an error of ours there. */
  #ended = false;

  constructor(
    connection: LiveConnection,
    filters: ReadonlyMap<string, string>,
    maySee: (view: string) => boolean = () => true,
  ) {
    this.#connection = connection;
    this.#filters = filters;
    this.maySee = maySee;
  }

  get live(): boolean {
    return this.#waiting === undefined;
  }

  /** What the client narrowed a view to. */
  filterOf(view: string): string | undefined {
    return this.#filters.get(view);
  }

  send(message: LiveMessage): void {
    this.#write(new WrittenMessage(message));
  }

  /** Tells the client to load again; at the end of the gap when that is still being filled, since it may hold old rows. */
  reset(position: number, reason: ResetReason): void {
    if (this.#waiting === undefined) this.send({ type: 'reset', position, reason });
    else this.#reset = reason;
  }

  /** Hands on the rows of a round, written once for everybody; `newest` is the highest position among them. */
  sendRows(view: string, newest: number, message: WrittenMessage): void {
    if (this.#waiting === undefined) this.#write(message);
    // One more than fits says enough: the client loads again.
    else if (this.#waiting.length <= mostWaiting) this.#waiting.push({ view, newest, message });
  }

  filledUpTo(view: string, position: number): void {
    this.#filled.set(view, position);
  }

  /** The gap is filled: passes on what waited. */
  goLive(position: number): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    const reason = waiting.length > mostWaiting ? 'too-many-changes' : this.#reset;
    if (reason !== undefined) {
      this.send({ type: 'reset', position, reason });
      return;
    }
    for (const { view, newest, message } of waiting) {
      if (newest > (this.#filled.get(view) ?? 0) && this.maySee(view)) this.#write(message);
    }
  }

  /** Says that the feed is alive, and cuts the client off when it is not. */
  heartbeat(message: WrittenMessage): void {
    if (!this.live) return;
    if (this.#connection.ping()) this.#write(message);
    else this.drop();
  }

  /** The messages of a round leave together: one write for each client. */
  hold(): void {
    this.#connection.hold();
  }

  release(): void {
    this.#connection.release();
  }

  close(): void {
    this.#ended = true;
    this.#connection.close();
  }

  drop(): void {
    this.#ended = true;
    this.#connection.drop();
  }

  #write(message: WrittenMessage): void {
    if (this.#ended) return;
    if (this.#connection.buffered > largestBuffer) this.drop();
    else this.#connection.send(message);
  }
}
