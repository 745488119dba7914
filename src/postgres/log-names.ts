/** The names of a log's own tables, as the application wants them. Lower case letters, digits and underscores. */
export interface LogNames {
  /** The table of events. */
  readonly events: string;
  /** The view that shows what was published and what was not. */
  readonly outbox: string;
}

/** Fills `:events` and `:outbox` in SQL text. A cast (`::events`) is left alone. */
export function fillNames(sql: string, names: LogNames): string {
  return sql.replaceAll(/(?<!:):(events|outbox)/g, (_, name: 'events' | 'outbox') => names[name]);
}
