import { MillraceError } from '../errors.ts';
import type { ColumnValue, Row } from '../projections/definition.ts';
import type { LiveFeedDefinition, LiveView } from './live-feed.ts';

/** How many rows are sent again to a client that comes back, and how many the tail reads at a time. */
export const mostRows = 1_000;

/** Rows of one view that changed behind a position, as read and as sent. */
export interface ChangedRow {
  readonly position: number;
  /** The value of the filter's column, as text; undefined when the view has no filter. */
  readonly filterValue: string | undefined;
  /** What is sent. */
  readonly row: object;
}

/** A view with its queries written out. */
export interface PreparedView {
  readonly view: LiveView;
  /** All rows behind $1, at most $2 of them. */
  readonly changed: string;
  /** Rows behind $1, at most $2, whose filter column is $3. */
  readonly changedOfValue: string;
}

const namePattern = /^[a-z_][a-z0-9_]{0,62}$/;

/** Writes the queries of a feed. Throws DEFINITION_INVALID when a name is no plain SQL name. */
export function prepareViews(feed: LiveFeedDefinition): PreparedView[] {
  return feed.views.map((view) => {
    const sent = new Set([...view.columns, view.positionColumn]);
    const read = view.filter === undefined ? sent : new Set([...sent, view.filter.column]);
    for (const name of [view.relation, ...read]) {
      if (!namePattern.test(name)) {
        throw new MillraceError('DEFINITION_INVALID', `Live feed ${feed.name}: ${name} is no plain SQL name.`);
      }
    }
    const start = `select ${[...read].map(quoted).join(', ')} from ${quoted(view.relation)}`;
    const behind = `where ${quoted(view.positionColumn)} > $1`;
    const end = `order by ${quoted(view.positionColumn)} limit $2`;
    const ofValue = view.filter === undefined ? '' : ` and ${quoted(view.filter.column)}::text = $3`;
    return { view, changed: `${start} ${behind} ${end}`, changedOfValue: `${start} ${behind}${ofValue} ${end}` };
  });
}

/** A row as it was read, taken apart. */
export function changedRow({ view }: PreparedView, row: Row): ChangedRow {
  const position = Number(row[view.positionColumn]);
  const filterValue = view.filter === undefined ? undefined : textOf(row[view.filter.column]);
  const sent: Record<string, unknown> = {};
  for (const column of view.columns) sent[column] = row[column];
  sent[view.positionColumn] = position;
  return { position, filterValue, row: sent };
}

function quoted(name: string): string {
  return `"${name}"`;
}

/** As PostgreSQL's `::text` writes it; nothing for null, which equals no text. */
function textOf(value: ColumnValue | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
