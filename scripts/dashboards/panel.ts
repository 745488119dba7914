/** The data sources of `infrastructure/grafana/datasources/datasources.yml`, by the uid that dashboards name. */
export const sources = {
  prometheus: { type: 'prometheus', uid: 'millrace-prometheus' },
  eventStore: { type: 'grafana-postgresql-datasource', uid: 'millrace-event-store' },
  readModels: { type: 'grafana-postgresql-datasource', uid: 'millrace-read-models' },
} as const;

export type SourceName = keyof typeof sources;

/** A question to Prometheus. */
export interface PromQuery {
  readonly expr: string;
  /** How a series is called: `{{label}}` is replaced. */
  readonly legend: string;
  /** One answer for now instead of a line. */
  readonly instant?: true;
}

/** A question to PostgreSQL, in a file of `scripts/dashboards/sql/`. */
export interface SqlQuery {
  readonly sql: string;
  readonly source: 'eventStore' | 'readModels';
  /** `time_series`: a column `time`, the others are lines. */
  readonly format: 'table' | 'time_series';
}

export type Colour = 'green' | 'yellow' | 'red' | 'blue';
/** From which value on a colour counts; the first has none. */
export type Steps = readonly [readonly [null, Colour], ...(readonly (readonly [number, Colour])[])];

/** One panel: everything that is not the same for all panels of its kind. */
export interface PanelSpec {
  /** Stays the same for ever: links and alert rules name it. */
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly kind: 'line' | 'bars' | 'gauge' | 'stat' | 'heatmap' | 'table' | 'bar chart';
  /** A unit of Grafana's catalogue. */
  readonly unit: string;
  readonly steps: Steps;
  readonly queries: readonly PromQuery[] | readonly SqlQuery[];
  /** Of 24 columns. */
  readonly width: number;
  readonly height: number;
  /** Another time range than the dashboard's: `30d`. */
  readonly timeFrom?: string;
  readonly max?: number;
}

export interface DashboardSpec {
  readonly uid: string;
  readonly file: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** How far back it looks when it is opened: `now-1h`. */
  readonly from: string;
  /** Choices at the top of the page, each a label of a metric. */
  readonly variables: readonly { readonly name: string; readonly label: string; readonly metric: string }[];
  readonly panels: readonly PanelSpec[];
}

/** Nothing to judge: a panel without bands. */
export const plain: Steps = [[null, 'blue']];

export const isProm = (query: PromQuery | SqlQuery): query is PromQuery => 'expr' in query;
