import type { Sent } from './workers/clinic-desk.ts';
import type { Arrival, ClientsReport, LiveClient } from './workers/live-clients.ts';

/** How long it took until the clients of a group had what concerns them, over all changes and all clients. */
export interface GroupTimes {
  readonly group: string;
  readonly clients: number;
  /** Milliseconds, one for each change at each client that shows it. */
  readonly times: readonly number[];
  /** Changes that a client should have shown and did not. */
  readonly missing: number;
}

/** Who shows what: `staff` everything, `display` who is called and who goes, `phone` whatever moves its patient. */
export type Group = 'staff' | 'display' | 'phone';

/**
 * Matches what was sent with what arrived. A client has a change when it has its row, or its page, as of that event or a
 * later one.
 * @param waiting who waited in which queue before, by ticket; who is called goes out of it
 */
export function arrivalTimes(
  sent: readonly Sent[],
  reports: readonly ClientsReport[],
  clients: readonly LiveClient[],
  waiting: Map<string, string>,
): readonly GroupTimes[] {
  const inOrder = sent.toSorted((one, other) => one.position - other.position);
  const heard = new Map(
    [
      ...Map.groupBy(
        reports.flatMap(({ arrivals }) => arrivals),
        ({ group }) => group,
      ),
    ].map(([group, arrivals]) => [group, byTicket(arrivals)] as const),
  );
  const sizes = new Map<string, number>();
  for (const { group } of clients) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const phones = phoneTimes(inOrder, heard.get('phone') ?? new Map(), waiting);
  return [...sizes].map(([group, size]) => {
    if (group === 'phone') return { group, clients: size, ...phones };
    const shown = inOrder.filter(({ kind }) => group === 'staff' || kind !== 'check-in');
    return { group, clients: size, ...broadcastTimes(shown, heard.get(group) ?? new Map(), size) };
  });
}

type Heard = ReadonlyMap<string, readonly Arrival[]>;
type Times = Pick<GroupTimes, 'times' | 'missing'>;

function byTicket(arrivals: readonly Arrival[]): Heard {
  const sorted = arrivals.toSorted((one, other) => one.position - other.position);
  return Map.groupBy(sorted, ({ ticket }) => ticket);
}

/** Every client shows every change. */
function broadcastTimes(sent: readonly Sent[], heard: Heard, clients: number): Times {
  const times: number[] = [];
  let missing = 0;
  for (const { ticket, position, sentAt } of sent) {
    // A row may stand for two events of one visit; then who missed the first one has it with the second.
    const at = (heard.get(ticket) ?? [])
      .filter((arrival) => arrival.position >= position)
      .flatMap((arrival) => arrival.at)
      .slice(0, clients);
    for (const time of at) times.push(time - sentAt);
    missing += clients - at.length;
  }
  return { times, missing };
}

/** A patient's page shows what happens to the patient, and what moves the patient in the line. */
function phoneTimes(sent: readonly Sent[], heard: Heard, waiting: Map<string, string>): Times {
  const times: number[] = [];
  let missing = 0;
  const pages = new Set(heard.keys());
  for (const { kind, ticket, queueId, position, sentAt } of sent) {
    if (kind === 'call') waiting.delete(ticket);
    const moved =
      kind === 'complete' ? [] : [...waiting].flatMap(([other, queue]) => (queue === queueId ? [other] : []));
    for (const page of [...moved, ...(pages.has(ticket) && kind !== 'check-in' ? [ticket] : [])]) {
      const at = heard.get(page)?.find((arrival) => arrival.position >= position)?.at[0];
      if (at === undefined) missing += 1;
      else times.push(at - sentAt);
    }
  }
  return { times, missing };
}

/** Percentiles over groups together. */
export function summary(groups: readonly GroupTimes[]) {
  const sorted = Float64Array.from(groups.flatMap(({ times }) => times)).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return {
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(1),
    missing: groups.reduce((sum, { missing }) => sum + missing, 0),
  };
}
