import {
  emptyClinic,
  receive,
  snapshotAsked,
  snapshotFailed,
  snapshotLoaded,
  type Clinic,
  type ClinicSnapshot,
} from '../model/clinic.ts';
import type { Connection } from '../model/connection.ts';
import type { FeedMessage } from '../model/rows.ts';
import { followFeed } from './feed.ts';
import { loadClinic } from './load-clinic.ts';
import { readFeedMessage } from './read-feed.ts';
import { suspectSignedOut } from './rest.ts';
import { Store } from './store.ts';

/** Snapshots are asked for no more often than this. */
const betweenSnapshotsMs = 1_000;

export interface ClinicState {
  readonly clinic: Clinic;
  readonly connection: Connection;
}

type ClinicAction =
  | { readonly type: 'opened'; readonly at: number }
  | { readonly type: 'closed' }
  | { readonly type: 'received'; readonly messages: readonly FeedMessage[]; readonly at: number }
  | { readonly type: 'snapshot-asked' }
  | { readonly type: 'snapshot-failed' }
  | { readonly type: 'snapshot-loaded'; readonly snapshot: ClinicSnapshot };

function reduce(state: ClinicState, action: ClinicAction): ClinicState {
  const { clinic, connection } = state;
  switch (action.type) {
    case 'opened':
      return { ...state, connection: { open: true, heardAt: action.at } };
    case 'closed':
      return { ...state, connection: { ...connection, open: false } };
    case 'received':
      return { clinic: receive(clinic, action.messages), connection: { ...connection, heardAt: action.at } };
    case 'snapshot-asked':
      return { ...state, clinic: snapshotAsked(clinic) };
    case 'snapshot-failed':
      return { ...state, clinic: snapshotFailed(clinic) };
    case 'snapshot-loaded':
      return { ...state, clinic: snapshotLoaded(clinic, action.snapshot) };
  }
}

/**
 * The one live session of the staff's screens. It goes on while the reader walks from one screen to the next, and ends
 * when none needs it any more.
 */
export const clinicStore = new Store<ClinicState, ClinicAction>(
  { clinic: emptyClinic, connection: { open: false, heardAt: undefined } },
  reduce,
);

/** A screen that went away may be followed by one that needs the same session. */
const lingerMs = 2_000;
let users = 0;
let end: (() => void) | undefined;

/** Keeps the session going until the returned function is called. */
export function joinClinic(): () => void {
  users++;
  end ??= begin();
  return () => {
    users--;
    setTimeout(() => {
      if (users > 0) return;
      end?.();
      end = undefined;
    }, lingerMs);
  };
}

function begin(): () => void {
  let request: AbortController | undefined;
  let lastAt = -Infinity;
  let timer = 0;

  function look(): void {
    const { wanted } = clinicStore.state.clinic;
    if (wanted === undefined || wanted.asked || timer !== 0) return;
    timer = setTimeout(
      () => {
        timer = 0;
        void load();
      },
      Math.max(0, lastAt + betweenSnapshotsMs - performance.now()),
    );
  }

  async function load(): Promise<void> {
    const { wanted } = clinicStore.state.clinic;
    if (wanted === undefined || wanted.asked) return;
    // What was asked for before a reset must not count as the answer to it.
    request?.abort();
    const current = new AbortController();
    request = current;
    lastAt = performance.now();
    clinicStore.dispatch({ type: 'snapshot-asked' });
    try {
      const snapshot = await loadClinic(wanted.minPosition, current.signal);
      if (!current.signal.aborted) clinicStore.dispatch({ type: 'snapshot-loaded', snapshot });
    } catch {
      if (!current.signal.aborted) clinicStore.dispatch({ type: 'snapshot-failed' });
    }
  }

  const leave = clinicStore.subscribe(look);
  const stop = followFeed('/api/waiting-room/stream', {
    read: readFeedMessage,
    opened: () => clinicStore.dispatch({ type: 'opened', at: Date.now() }),
    closed: () => {
      clinicStore.dispatch({ type: 'closed' });
      suspectSignedOut();
    },
    received: (messages) => clinicStore.dispatch({ type: 'received', messages, at: Date.now() }),
    position: () => clinicStore.state.clinic.position,
  });
  look();
  return () => {
    stop();
    leave();
    clearTimeout(timer);
    request?.abort();
    clinicStore.dispatch({ type: 'snapshot-failed' });
    clinicStore.dispatch({ type: 'closed' });
  };
}
