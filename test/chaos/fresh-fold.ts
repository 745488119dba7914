import type { StoredEvent } from '../../src/events/envelope.ts';
import type { AnyRows, AnyTotals, ProjectionDefinition, Row } from '../../src/projections/definition.ts';

/** A row with what wrote it last. */
export interface FoldedRow {
  row: Row;
  version: number;
  position: number;
}

/** A row of totals with what changed it last. */
export interface FoldedTotals {
  readonly sums: Record<string, number>;
  version: number;
  position: number;
}

/**
 * A projection folded in memory, event by event in the order of the log: what the read model has to be. Written apart
 * from the code that it checks, on nothing but the definitions.
 */
export class FreshFold {
  readonly definition: ProjectionDefinition;
  readonly rows: ReadonlyMap<AnyRows, Map<string, FoldedRow>>;
  readonly totals: ReadonlyMap<AnyTotals, Map<string, FoldedTotals>>;

  constructor(definition: ProjectionDefinition) {
    this.definition = definition;
    this.rows = new Map(definition.rows.map((table) => [table, new Map()]));
    this.totals = new Map(definition.totals.map((table) => [table, new Map()]));
  }

  add(event: StoredEvent): void {
    for (const [table, folded] of this.rows) {
      const handler = table.on[event.type];
      if (handler === undefined) continue;
      const key = table.keyOf === undefined ? event.stream : table.keyOf(event);
      if (key === undefined) continue;
      const before = folded.get(key)?.row;
      const after = handler(before, event);
      if (after === before) continue;
      if (after === undefined) folded.delete(key);
      else folded.set(key, { row: after, version: event.version, position: event.position });
      this.#addTotals(table, before, after, event);
    }
  }

  #addTotals(table: AnyRows, before: Row | undefined, after: Row | undefined, event: StoredEvent): void {
    for (const [definition, folded] of this.totals) {
      if (definition.of !== table) continue;
      const differences = new Map<string, Record<string, number>>();
      for (const [row, sign] of [
        [before, -1],
        [after, 1],
      ] as const) {
        const key = row === undefined ? undefined : definition.keyOf(row);
        if (row === undefined || key === undefined) continue;
        const sums = differences.get(key) ?? {};
        differences.set(key, sums);
        for (const [column, addend] of Object.entries(definition.sums)) {
          sums[column] = (sums[column] ?? 0) + sign * addend(row);
        }
      }
      for (const [key, sums] of differences) addTo(folded, key, sums, event);
    }
  }
}

function addTo(folded: Map<string, FoldedTotals>, key: string, sums: Record<string, number>, event: StoredEvent): void {
  if (Object.values(sums).every((sum) => sum === 0)) return;
  const known = folded.get(key) ?? { sums: {}, version: 0, position: 0 };
  folded.set(key, known);
  for (const [column, sum] of Object.entries(sums)) known.sums[column] = (known.sums[column] ?? 0) + sum;
  known.version = Math.max(known.version, event.version);
  known.position = Math.max(known.position, event.position);
}
