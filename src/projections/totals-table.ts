import type pg from 'pg';
import { textArray } from '../store/postgres/binary-arrays.ts';
import { encodeColumn } from './column-values.ts';
import type { AnyTotals, Row } from './definition.ts';
import type { RowChange } from './rows-table.ts';

interface Difference {
  readonly sums: number[];
  version: number;
  position: number;
}

/** The statement that adds to a totals table what a batch's row changes make; undefined when they change no total. */
export function totalsUpdate(
  definition: AnyTotals,
  databaseSchema: string,
  changes: Iterable<RowChange>,
): pg.QueryConfig | undefined {
  const columns = Object.keys(definition.sums);
  const differences = new Map<string, Difference>();
  const add = (row: Row | undefined, sign: 1 | -1, change: RowChange): void => {
    if (row === undefined) return;
    const key = definition.keyOf(row);
    if (key === undefined) return;
    let difference = differences.get(key);
    if (difference === undefined) {
      difference = { sums: columns.map(() => 0), version: 0, position: 0 };
      differences.set(key, difference);
    }
    columns.forEach((column, index) => {
      const amount = definition.sums[column]?.(row) ?? 0;
      difference.sums[index] = (difference.sums[index] ?? 0) + sign * amount;
    });
    difference.version = Math.max(difference.version, change.version);
    difference.position = Math.max(difference.position, change.position);
  };
  for (const change of changes) {
    add(change.before, -1, change);
    add(change.after, 1, change);
  }
  // A fixed order of rows, so that two writers could never lock them crosswise.
  const changed = [...differences]
    .filter(([, one]) => one.sums.some((sum) => sum !== 0))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (changed.length === 0) return undefined;

  const names = [definition.key, ...columns];
  const values = [
    textArray(changed.map(([key]) => key)),
    ...columns.map((_, index) =>
      encodeColumn(
        'bigint',
        changed.map(([, one]) => one.sums[index]),
      ),
    ),
  ];
  const updates = columns.map((column) => `${column} = t.${column} + excluded.${column}`);
  for (const [column, pick] of [
    [definition.versionColumn, (one: Difference) => one.version],
    [definition.positionColumn, (one: Difference) => one.position],
  ] as const) {
    if (column === undefined) continue;
    names.push(column);
    values.push(
      encodeColumn(
        'bigint',
        changed.map(([, one]) => pick(one)),
      ),
    );
    updates.push(`${column} = greatest(t.${column}, excluded.${column})`);
  }
  const arrays = names.map((_, index) => `$${index + 1}::${index === 0 ? 'text' : 'bigint'}[]`).join(', ');
  return {
    name: `totals ${databaseSchema}.${definition.table}`,
    text: `insert into ${databaseSchema}.${definition.table} as t (${names.join(', ')}) select * from unnest(${arrays})
      on conflict (${definition.key}) do update set ${updates.join(', ')}`,
    values,
  };
}
