import { isUnderWay } from './way.ts';
import { followFeed } from '../../data/feed.ts';
import { loadSnapshot } from './read-snapshot.ts';
import { readWay } from './read-way.ts';
import { readFeedMessage } from '../../data/read-feed.ts';
import type { FlowStore } from './page-state.ts';

/** Snapshots and figures are asked for no more often than this. */
const betweenReadsMs = 1_000;
/** The last stamps of an event are written down a moment after its rows arrive. */
const settleMs = 150;
/** While nothing happens, the figures are looked at this often. */
const idleReadMs = 5_000;
/** Smaller differences between the clocks are within what the server's date can tell. */
const clockToleranceMs = 2_000;

/**
 * Keeps the store up to date until the returned function is called: the feed, snapshots when they are wanted, and the
 * figures. Who may not see patients is given no snapshots of them.
 */
export function beginSession(store: FlowStore, seesPatients: boolean): () => void {
  const ends = [followFlow(store), ...(seesPatients ? [loadWantedSnapshots(store)] : []), readFigures(store)];
  return () => {
    for (const end of ends) end();
  };
}

function followFlow(store: FlowStore): () => void {
  return followFeed('/api/waiting-room/stream', {
    read: readFeedMessage,
    opened: () => store.dispatch({ type: 'feed-opened', at: Date.now() }),
    closed: () => store.dispatch({ type: 'feed-closed' }),
    received: (messages) => store.dispatch({ type: 'feed-messages', messages, at: Date.now() }),
    position: () => store.state.board.position,
  });
}

function loadWantedSnapshots(store: FlowStore): () => void {
  let request: AbortController | undefined;
  let lastAt = -Infinity;
  let timer = 0;

  function look(): void {
    const { wanted } = store.state.board;
    if (wanted === undefined || wanted.asked || timer !== 0) return;
    timer = setTimeout(
      () => {
        timer = 0;
        void load();
      },
      Math.max(0, lastAt + betweenReadsMs - performance.now()),
    );
  }

  async function load(): Promise<void> {
    const { wanted } = store.state.board;
    if (wanted === undefined || wanted.asked) return;
    // What was asked for before a reset must not count as the answer to it.
    request?.abort();
    const current = new AbortController();
    request = current;
    lastAt = performance.now();
    store.dispatch({ type: 'snapshot-asked' });
    try {
      const { snapshot, serverTime } = await loadSnapshot(wanted.minPosition, current.signal);
      if (current.signal.aborted) return;
      if (serverTime !== undefined) compareClocks(store, serverTime);
      store.dispatch({ type: 'snapshot-loaded', snapshot });
    } catch {
      if (!current.signal.aborted) store.dispatch({ type: 'snapshot-failed' });
    }
  }

  const leave = store.subscribe(look);
  return () => {
    leave();
    clearTimeout(timer);
    request?.abort();
  };
}

function compareClocks(store: FlowStore, serverTime: number): void {
  const offset = serverTime - Date.now();
  const offsetMs = Math.abs(offset) > clockToleranceMs ? offset : 0;
  if (offsetMs !== store.state.clockOffsetMs) store.dispatch({ type: 'clock-compared', offsetMs });
}

/** Once a second while something happens, seldom otherwise, and never while nobody sees the page. */
function readFigures(store: FlowStore): () => void {
  let reading = false;
  let stopped = false;
  let lastAt = -Infinity;
  let seenPosition: number | undefined;
  let timer = 0;
  let dueAt = Infinity;

  function plan(): void {
    if (stopped || reading || document.hidden) return;
    const { board, way } = store.state;
    const busy = board.position !== seenPosition || (way?.events.some(isUnderWay) ?? true) || (way?.pending ?? 0) > 0;
    const due = Math.max(performance.now() + settleMs, lastAt + (busy ? betweenReadsMs : idleReadMs));
    // Only ever to an earlier time: events that keep coming must not put it off for ever.
    if (due >= dueAt) return;
    clearTimeout(timer);
    dueAt = due;
    timer = setTimeout(() => void read(), due - performance.now());
  }

  async function read(): Promise<void> {
    dueAt = Infinity;
    if (reading || document.hidden) return;
    reading = true;
    lastAt = performance.now();
    seenPosition = store.state.board.position;
    try {
      store.dispatch({ type: 'way-read', way: await readWay(store.state.way) });
    } catch {
      store.dispatch({ type: 'way-failed' });
    } finally {
      reading = false;
      plan();
    }
  }

  let position = store.state.board.position;
  const leave = store.subscribe(() => {
    if (store.state.board.position === position) return;
    position = store.state.board.position;
    plan();
  });
  document.addEventListener('visibilitychange', plan);
  plan();
  return () => {
    stopped = true;
    leave();
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', plan);
  };
}
