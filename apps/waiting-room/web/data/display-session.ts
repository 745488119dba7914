import {
  callsAsked,
  callsLoaded,
  emptyBoard,
  receiveCalls,
  said,
  type CallBoard,
  type CallRow,
} from '../model/calls.ts';
import type { Connection } from '../model/connection.ts';
import { followFeed } from './feed.ts';
import { callsSnapshotOf, readCallsMessage } from './read-calls.ts';
import { get, RequestFailure, serverOffsetMs } from './rest.ts';

/** Who is next does not come with the feed, so it is read anew so often; more often while the feed is away. */
const readAgainMs = 8_000;
const readWithoutFeedMs = 3_000;
/** After a call the line is read soon, and once for several calls. */
const readSoonMs = 300;

export interface DisplayState {
  readonly board: CallBoard;
  readonly connection: Connection;
  /** The server knows no such site. */
  readonly unknownSite: boolean;
}

export const emptyDisplay: DisplayState = {
  board: emptyBoard,
  connection: { open: false, heardAt: undefined },
  unknownSite: false,
};

export interface DisplaySession {
  /** A call was said aloud. */
  said(call: CallRow): void;
  stop(): void;
}

/** Follows the calls of a site until it is stopped, by the live feed, and by asking while there is none. */
export function followDisplay(siteId: string, changed: (state: DisplayState) => void): DisplaySession {
  let state = emptyDisplay;
  let feedIsOpen = false;
  let timer = 0;
  let dueAt = Infinity;
  const life = new AbortController();
  const site = encodeURIComponent(siteId);

  function set(next: Partial<DisplayState>): void {
    state = { ...state, ...next };
    changed(state);
  }

  function heard(open: boolean): Connection {
    return { open, heardAt: Date.now() };
  }

  function serverNow(): number {
    return Date.now() + serverOffsetMs();
  }

  function plan(wait: number): void {
    const at = performance.now() + wait;
    if (at >= dueAt || life.signal.aborted) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => void load(), wait);
  }

  async function load(): Promise<void> {
    state = { ...state, board: callsAsked(state.board) };
    const { position } = state.board;
    try {
      const when = position === undefined ? '' : `?minPosition=${position}`;
      const { body } = await get(`/api/public/displays/${site}${when}`, life.signal);
      const board = callsLoaded(state.board, callsSnapshotOf(body), serverNow());
      set({ board, connection: heard(true), unknownSite: false });
    } catch (error) {
      if (life.signal.aborted) return;
      const unknownSite = error instanceof RequestFailure && error.code === 'SITE_NOT_FOUND';
      set({ unknownSite, connection: { ...state.connection, open: feedIsOpen } });
    }
    dueAt = Infinity;
    plan(feedIsOpen ? readAgainMs : readWithoutFeedMs);
  }

  const stopFeed = followFeed(`/api/public/stream?siteId=${site}`, {
    read: readCallsMessage,
    opened: () => {
      feedIsOpen = true;
      set({ connection: heard(true) });
      plan(0);
    },
    closed: () => {
      feedIsOpen = false;
      set({ connection: { ...state.connection, open: false } });
      plan(readWithoutFeedMs);
    },
    received: (messages) => {
      set({ board: receiveCalls(state.board, messages, serverNow()), connection: heard(true) });
      if (messages.some(({ type }) => type === 'calls' || type === 'reset')) plan(readSoonMs);
    },
    position: () => state.board.position,
  });
  plan(0);
  return {
    said: (call) => set({ board: said(state.board, call) }),
    stop: () => {
      life.abort();
      clearTimeout(timer);
      stopFeed();
    },
  };
}
