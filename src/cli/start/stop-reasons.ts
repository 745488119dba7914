/** Why a running server has to stop. */
export type StopReason =
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  /** Whoever started this process is gone: npm was killed, or the older Node that started the pinned one. */
  | { readonly kind: 'orphaned' }
  | { readonly kind: 'error'; readonly error: unknown };

/**
 * Ctrl-C in a terminal reaches this process twice, from the terminal and handed on by npm. Signals within this time are
 * one.
 */
const sameSignalMs = 700;

/**
 * Listens for every reason to stop. `onStop` is called once, with the first; `onAgain` when a signal comes again later.
 * Returns the way to stop listening.
 */
export function watchStopReasons(onStop: (reason: StopReason) => void, onAgain: () => void): () => void {
  let firstAt: number | undefined;
  const stop = (reason: StopReason) => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      onStop(reason);
    } else if (reason.kind === 'signal' && performance.now() - firstAt > sameSignalMs) {
      onAgain();
    }
  };
  const onSignal = (signal: NodeJS.Signals) => stop({ kind: 'signal', signal });
  const onError = (error: unknown) => stop({ kind: 'error', error });
  const onOrphaned = () => stop({ kind: 'orphaned' });

  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, onSignal);
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
  const endParentWatch = watchParent(onOrphaned);
  return () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
    process.removeListener('uncaughtException', onError);
    process.removeListener('unhandledRejection', onError);
    endParentWatch();
  };
}

/**
 * A shell between npm and this process may end on a signal without handing it on, and kill -9 of npm hands on nothing.
 * So under npm the parent is looked at; under an older Node (bin/millrace.js) the channel to it tells.
 */
function watchParent(onOrphaned: () => void): () => void {
  if (process.channel) {
    process.once('disconnect', onOrphaned);
    process.channel.unref();
  }
  let look: NodeJS.Timeout | undefined;
  if (process.env['npm_lifecycle_event'] !== undefined) {
    const parent = process.ppid;
    look = setInterval(() => {
      if (process.ppid !== parent) onOrphaned();
    }, 250).unref();
  }
  return () => {
    process.removeListener('disconnect', onOrphaned);
    clearInterval(look);
  };
}
