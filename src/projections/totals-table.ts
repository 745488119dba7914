import type pg from 'pg';
import type { StoredEvent } from '../events/envelope.ts';
import { textArray } from '../store/postgres/binary-arrays.ts';
import { encodeColumn } from './column-values.ts';
import type { AnyTotals, Row } from './definition.ts';

/** What one row change adds to one total. */
export interface Contribution {
  readonly table: TotalsTable;
  readonly key: string;
  readonly amounts: readonly number[];
}

interface Difference {
  readonly sums: number[];
  version: number;
  position: number;
}

/**
 * One table of totals while a batch is applied. Differences are taken event by event, not batch by batch: a total that
 * went up and down again inside a batch has been touched all the same, so the table does not depend on how events were
 * cut into batches.
 */
export class TotalsTable {
  readonly definition: AnyTotals;
  readonly #name: string;
  readonly #columns: readonly string[];
  readonly #differences = new Map<string, Difference>();

  constructor(definition: AnyTotals, databaseSchema: string) {
    this.definition = definition;
    this.#name = `${databaseSchema}.${definition.table}`;
    this.#columns = Object.keys(definition.sums);
  }

  /** What a row change adds to which totals; not in effect until it is put. Throws what the application's functions throw. */
  contributions(before: Row | undefined, after: Row | undefined): Contribution[] {
    const amounts = new Map<string, number[]>();
    const add = (row: Row | undefined, sign: 1 | -1): void => {
      const key = row === undefined ? undefined : this.definition.keyOf(row);
      if (row === undefined || key === undefined) return;
      const sums = amounts.get(key) ?? this.#columns.map(() => 0);
      amounts.set(key, sums);
      this.#columns.forEach((column, index) => {
        sums[index] = (sums[index] ?? 0) + sign * (this.definition.sums[column]?.(row) ?? 0);
      });
    };
    add(before, -1);
    add(after, 1);
    return [...amounts]
      .filter(([, sums]) => sums.some((sum) => sum !== 0))
      .map(([key, sums]) => ({ table: this, key, amounts: sums }));
  }

  put(contribution: Contribution, event: StoredEvent): void {
    let difference = this.#differences.get(contribution.key);
    if (difference === undefined) {
      difference = { sums: this.#columns.map(() => 0), version: 0, position: 0 };
      this.#differences.set(contribution.key, difference);
    }
    const { sums } = difference;
    contribution.amounts.forEach((amount, index) => {
      sums[index] = (sums[index] ?? 0) + amount;
    });
    difference.version = Math.max(difference.version, event.version);
    difference.position = Math.max(difference.position, event.position);
  }

  /** The statement that adds the batch's differences; undefined when no total was touched. */
  update(): pg.QueryConfig | undefined {
    if (this.#differences.size === 0) return undefined;
    const { definition } = this;
    // A fixed order of rows, so that two writers could never lock them crosswise.
    const changed = [...this.#differences].sort(([a], [b]) => (a < b ? -1 : 1));
    const names = [definition.key, ...this.#columns];
    const values = [
      textArray(changed.map(([key]) => key)),
      ...this.#columns.map((_, index) =>
        encodeColumn(
          'bigint',
          changed.map(([, one]) => one.sums[index]),
        ),
      ),
    ];
    const updates = this.#columns.map((column) => `${column} = t.${column} + excluded.${column}`);
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
      // Another part of the row may have been made by somebody else, with this column empty.
      updates.push(`${column} = greatest(t.${column}, excluded.${column})`);
    }
    const arrays = names.map((_, index) => `$${index + 1}::${index === 0 ? 'text' : 'bigint'}[]`).join(', ');
    return {
      name: `totals ${this.#name}`,
      text: `insert into ${this.#name} as t (${names.join(', ')}) select * from unnest(${arrays})
        on conflict (${definition.key}) do update set ${updates.join(', ')}`,
      values,
    };
  }

  /** The batch is committed, or it is not: either way it is over. */
  clear(): void {
    this.#differences.clear();
  }
}
