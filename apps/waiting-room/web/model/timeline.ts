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

/** Parts of a visit, in the order in which they are shown. */
export const parts = ['triage', 'cashier', 'desk', 'doctor', 'called', 'service', 'parked', 'away'] as const;
export type Part = (typeof parts)[number];

/** The part that a visit is in with a status; ended visits are in none, unless somebody returns. */
const partOf: { readonly [status: string]: Part } = {
  WAITING_TRIAGE: 'triage',
  WAITING_CASHIER: 'cashier',
  AT_CASHIER: 'desk',
  PAYMENT_PENDING: 'desk',
  WAITING: 'doctor',
  CALLED: 'called',
  IN_CONSULTATION: 'service',
  PARKED: 'parked',
  NO_SHOW: 'away',
  CANCELLED_BY_ABSENCE: 'away',
};

export interface Total {
  readonly part: Part;
  readonly ms: number;
  /** It goes on. */
  readonly open: boolean;
}

/**
 * How long a visit took in each of its parts, those that it had. What lasts is counted up to `now`, the server's clock;
 * who was given up and did not return is away for no time.
 */
export function totalsOf(entries: readonly TimelineEntry[], now: number): readonly Total[] {
  const totals = new Map<Part, { ms: number; open: boolean }>();
  let part: Part | undefined;
  let since = 0;
  const end = (at: number, open: boolean): void => {
    if (part === undefined || (open && part === 'away')) return;
    const before = totals.get(part)?.ms ?? 0;
    totals.set(part, { ms: before + Math.max(0, at - since), open });
  };
  for (const { at, details } of entries) {
    const { status } = details;
    if (status === undefined) continue;
    end(at, false);
    part = partOf[String(status)];
    since = at;
  }
  end(now, true);
  return parts.flatMap((name) => {
    const total = totals.get(name);
    return total === undefined ? [] : [{ part: name, ...total }];
  });
}
