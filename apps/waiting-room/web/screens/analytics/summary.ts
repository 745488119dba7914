import { fieldsOf, listOf, number, numberOrNull, text, type JsonFields } from '../../data/json.ts';

/** The figures of one group of visits. Times in milliseconds; null while nobody got that far. */
export interface Figures {
  /** What the group is: an hour as ISO text, a priority, a kind of consultation; empty for all. */
  readonly key: string;
  readonly arrivals: number;
  readonly called: number;
  readonly completed: number;
  readonly noShows: number;
  readonly left: number;
  /** From 0 to 1. */
  readonly noShowRate: number | null;
  readonly waitP50: number | null;
  readonly waitP90: number | null;
  readonly serviceP50: number | null;
  readonly serviceP90: number | null;
}

export interface Summary {
  readonly all: Figures;
  readonly hours: readonly Figures[];
  readonly priorities: readonly Figures[];
  readonly types: readonly Figures[];
}

const urgency = ['Urgent', 'High', 'Medium', 'Low'];

/** Reads the answer of `/api/waiting-room/analytics/summary`. */
export function summaryOf(body: unknown): Summary {
  const fields = fieldsOf(body);
  const groups = (name: string, key: string) =>
    listOf(fields[name])
      .map(fieldsOf)
      .map((group) => figuresOf(group, text(group[key])));
  return {
    all: figuresOf(fieldsOf(fields['all']), ''),
    hours: groups('byHour', 'hour'),
    priorities: groups('byPriority', 'priority').toSorted((a, b) => urgency.indexOf(a.key) - urgency.indexOf(b.key)),
    types: groups('byConsultationType', 'consultationType'),
  };
}

function figuresOf(group: JsonFields, key: string): Figures {
  const waiting = fieldsOf(group['waiting']);
  const service = fieldsOf(group['service']);
  return {
    key,
    arrivals: number(group['arrivals']),
    called: number(group['called']),
    completed: number(group['completed']),
    noShows: number(group['noShows']),
    left: number(group['leftUnseen']),
    noShowRate: numberOrNull(group['noShowRate']),
    waitP50: numberOrNull(waiting['p50Ms']),
    waitP90: numberOrNull(waiting['p90Ms']),
    serviceP50: numberOrNull(service['p50Ms']),
    serviceP90: numberOrNull(service['p90Ms']),
  };
}

const dayMs = 86_400_000;
const mostDays = 31;

/**
 * The moments that days of the reader's calendar begin and end at; undefined when they are no range that can be asked.
 * @example rangeOf('2026-02-19', '2026-02-19')
 */
export function rangeOf(from: string, to: string): { readonly from: string; readonly to: string } | undefined {
  const first = new Date(`${from}T00:00:00`);
  const end = new Date(`${to}T00:00:00`);
  // Counted as days, not as hours: where clocks are turned back, 31 days have an hour more.
  const days = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
  if (Number.isNaN(first.getTime()) || Number.isNaN(end.getTime()) || !(days >= 1 && days <= mostDays))
    return undefined;
  end.setDate(end.getDate() + 1);
  return { from: first.toISOString(), to: end.toISOString() };
}

/** A day of the reader's calendar, as `2026-02-19`. */
export function dayOf(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
