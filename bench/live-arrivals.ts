import type { Sent } from './workers/clinic-desk.ts';
import type { ClientsReport, LiveClient } from './workers/live-clients.ts';

/** How long it took until the clients of a group had what concerns them, over all changes and all clients. */
export interface GroupTimes {
  readonly group: string;
  readonly clients: number;
  /** Milliseconds, one for each change at each client that shows it. */
  readonly times: readonly number[];
  /** Changes that a client should have shown and did not. */
  readonly missing: number;
}

/** Matches what was sent with what arrived. A client has a change when it has its row as of that event or a later one. */
export function arrivalTimes(
  sent: readonly Sent[],
  reports: readonly ClientsReport[],
  clients: readonly LiveClient[],
): readonly GroupTimes[] {
  const sizes = new Map<string, number>();
  for (const { group } of clients) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const arrivals = reports.flatMap((report) => report.arrivals);
  return [...sizes].map(([group, size]) => {
    const ofTicket = Map.groupBy(
      arrivals.filter((arrival) => arrival.group === group),
      ({ ticket }) => ticket,
    );
    const times: number[] = [];
    let missing = 0;
    for (const { ticket, position, sentAt } of sent) {
      // A row may stand for two events of one visit; then who missed the first one has it with the second.
      const later = (ofTicket.get(ticket) ?? []).filter((arrival) => arrival.position >= position);
      const at = later
        .toSorted((one, other) => one.position - other.position)
        .flatMap((arrival) => arrival.at)
        .slice(0, size);
      for (const time of at) times.push(time - sentAt);
      missing += size - at.length;
    }
    return { group, clients: size, times, missing };
  });
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
