/** What came of a command, said to whoever gave it. */
export interface Notice {
  readonly kind: 'done' | 'failed';
  readonly text: string;
}

const listeners = new Set<() => void>();
let current: Notice | undefined;

/** Says something to the reader, on the screen and to a screen reader. */
export function notify(kind: Notice['kind'], text: string): void {
  showNotice({ kind, text });
}

export function currentNotice(): Notice | undefined {
  return current;
}

/** Shows a notice instead of the one before; undefined for none. */
export function showNotice(notice: Notice | undefined): void {
  current = notice;
  for (const listener of listeners) listener();
}

export function onNotice(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
