import { expandPromQl, expandSql, type Window } from './expand-query.ts';
import type { ProvisionedTarget } from './provisioned-files.ts';

/** One line of a panel: what it is called, and seconds since 1970 with a number. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [time: number, value: number])[];
}

export type Answer =
  | { readonly kind: 'lines'; readonly lines: readonly Line[] }
  | { readonly kind: 'table'; readonly rows: readonly Readonly<Record<string, unknown>>[] };

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: number])[];
}

/** Who is asked. */
export interface Asked {
  readonly prometheus: {
    query(expression: string, at?: number): Promise<Series[]>;
    queryRange(expression: string, start: number, end: number, step: number): Promise<Series[]>;
  };
  /** Rows of the database that a data source stands for, by its uid. */
  rows(uid: string, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** Asks what Grafana would ask for one question of a panel, and gives the answer in the shape that is drawn. */
export async function askTarget(
  target: Pick<ProvisionedTarget, 'datasource'> & Partial<ProvisionedTarget>,
  window: Window,
  asked: Asked,
): Promise<Answer> {
  if ('expr' in target && target.expr !== undefined) {
    const expr = expandPromQl(target.expr, window);
    const series =
      target.instant === true
        ? await asked.prometheus.query(expr, window.to)
        : await asked.prometheus.queryRange(expr, window.from, window.to, window.step);
    const legend = target.legendFormat ?? '';
    return {
      kind: 'lines',
      lines: series.map(({ labels, values }) => ({ name: named(legend, labels), points: values })),
    };
  }
  if (!('rawSql' in target) || target.rawSql === undefined) throw new Error('A target asks nothing.');
  const rows = await asked.rows(target.datasource.uid, expandSql(target.rawSql, window));
  return target.format === 'time_series' ? { kind: 'lines', lines: linesOf(rows) } : { kind: 'table', rows };
}

const named = (legend: string, labels: Readonly<Record<string, string>>): string =>
  legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '').trim();

/** Each column but `time` is a line. */
function linesOf(rows: readonly Readonly<Record<string, unknown>>[]): readonly Line[] {
  const names = Object.keys(rows[0] ?? {}).filter((name) => name !== 'time');
  return names.map((name) => ({
    name,
    points: rows.flatMap((row) => (row[name] === null ? [] : [[Number(row['time']), Number(row[name])] as const])),
  }));
}

/** What is wrong with an answer, or nothing: a panel without a single number shows "No data". */
export function isEmpty(answer: Answer): boolean {
  if (answer.kind === 'lines')
    return !answer.lines.some(({ points }) => points.some(([, value]) => Number.isFinite(value)));
  return !answer.rows.some((row) => Object.values(row).some((value) => value !== null));
}
