/** Something that happened to a visit. Times in milliseconds since 1970. */
export interface TimelineEntry {
  readonly at: number;
  readonly type: string;
  /** Who did it: `account:<id>`, `demo:demo`, `timers …`. */
  readonly by: string;
  readonly details: { readonly [name: string]: string | number };
}

export interface TimelineStep extends TimelineEntry {
  /** Since the entry before; null for the first one. */
  readonly afterMs: number | null;
}

/** The entries in the order in which they were recorded, with the time between them. Clocks that went back count as none. */
export function stepsOf(entries: readonly TimelineEntry[]): readonly TimelineStep[] {
  return entries.map((entry, index) => {
    const before = entries[index - 1];
    return { ...entry, afterMs: before === undefined ? null : Math.max(0, entry.at - before.at) };
  });
}

export type ActorKind = 'clock' | 'demo' | 'account' | 'api-key' | 'token' | 'anonymous' | 'other';

const actorKinds: readonly ActorKind[] = ['demo', 'account', 'api-key', 'token', 'anonymous'];

/** What did it. @example actorKindOf('timers waiting-room') // 'clock' */
export function actorKindOf(by: string): ActorKind {
  if (by.startsWith('timers')) return 'clock';
  return actorKinds.find((kind) => by.startsWith(`${kind}:`)) ?? 'other';
}

/** From the first entry to the last one; 0 for a visit without any. */
export function spanMs(entries: readonly TimelineEntry[]): number {
  const [first] = entries;
  const last = entries.at(-1);
  return first === undefined || last === undefined ? 0 : Math.max(0, last.at - first.at);
}
