import { Store } from '../../data/store.ts';
import { emptyBoard, receive, snapshotAsked, snapshotFailed, snapshotLoaded, type Board } from './board.ts';
import type { Connection } from '../../model/connection.ts';
import type { FeedMessage, Snapshot } from '../../model/rows.ts';
import type { WayState } from './way.ts';

export interface PageState {
  readonly board: Board;
  readonly connection: Connection;
  /** Undefined until the first figures are there. */
  readonly way: WayState | undefined;
  /** The figures could not be read the last time. */
  readonly wayFailed: boolean;
  /** Milliseconds by which the server's clock is ahead of the browser's. */
  readonly clockOffsetMs: number;
  readonly showNames: boolean;
  /** Position of the newest event that this page caused: it is marked among the events. */
  readonly ownPosition: number | undefined;
}

export const initialState: PageState = {
  board: emptyBoard,
  connection: { open: false, heardAt: undefined },
  way: undefined,
  wayFailed: false,
  clockOffsetMs: 0,
  showNames: false,
  ownPosition: undefined,
};

export type Action =
  | { readonly type: 'feed-opened'; readonly at: number }
  | { readonly type: 'feed-closed' }
  | { readonly type: 'feed-messages'; readonly messages: readonly FeedMessage[]; readonly at: number }
  | { readonly type: 'snapshot-asked' }
  | { readonly type: 'snapshot-failed' }
  | { readonly type: 'snapshot-loaded'; readonly snapshot: Snapshot }
  | { readonly type: 'clock-compared'; readonly offsetMs: number }
  | { readonly type: 'way-read'; readonly way: WayState }
  | { readonly type: 'way-failed' }
  | { readonly type: 'names-switched'; readonly on: boolean }
  | { readonly type: 'event-caused'; readonly position: number };

/** The page's state after an action. Changes nothing it is given. */
export function reduce(state: PageState, action: Action): PageState {
  switch (action.type) {
    case 'feed-opened':
      return { ...state, connection: { open: true, heardAt: action.at } };
    case 'feed-closed':
      return { ...state, connection: { ...state.connection, open: false } };
    case 'feed-messages':
      return {
        ...state,
        board: receive(state.board, action.messages),
        connection: { ...state.connection, heardAt: action.at },
      };
    case 'snapshot-asked':
      return { ...state, board: snapshotAsked(state.board) };
    case 'snapshot-failed':
      return { ...state, board: snapshotFailed(state.board) };
    case 'snapshot-loaded':
      return { ...state, board: snapshotLoaded(state.board, action.snapshot) };
    case 'clock-compared':
      return { ...state, clockOffsetMs: action.offsetMs };
    case 'way-read':
      return { ...state, way: action.way, wayFailed: false };
    case 'way-failed':
      return { ...state, wayFailed: true };
    case 'names-switched':
      return { ...state, showNames: action.on };
    case 'event-caused':
      return { ...state, ownPosition: action.position };
  }
}

/** The state of this screen, in a store. */
export type FlowStore = Store<PageState, Action>;

export function newFlowStore(): FlowStore {
  return new Store(initialState, reduce);
}
