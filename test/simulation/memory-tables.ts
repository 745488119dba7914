import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { isJsonObject } from '../../src/events/definition.ts';
import type { Json } from '../../src/index.ts';
import type { ColumnType, ColumnValue, ProjectionDefinition, Row } from '../../src/index.ts';

/**
 * The tables of a projection in memory: understands the statements that the writer makes, with their binary arrays, and
 * nothing else.
 */
export class MemoryTables {
  readonly #tables = new Map<
    string,
    { readonly key: string; readonly types: Map<string, string>; readonly rows: Map<string, Row> }
  >();

  constructor(projection: ProjectionDefinition) {
    for (const { table, key, columns, versionColumn, positionColumn } of projection.rows) {
      this.#add(table, key, Object.entries<ColumnType>(columns), [versionColumn, positionColumn]);
    }
    for (const { table, key, sums, versionColumn, positionColumn } of projection.totals) {
      this.#add(
        table,
        key,
        [[key, 'text'], ...Object.keys(sums).map((sum): [string, ColumnType] => [sum, 'bigint'])],
        [versionColumn, positionColumn],
      );
    }
  }

  #add(
    table: string,
    key: string,
    columns: readonly [string, ColumnType][],
    extra: readonly (string | undefined)[],
  ): void {
    const types = new Map<string, string>(columns);
    for (const name of extra) if (name !== undefined) types.set(name, 'bigint');
    this.#tables.set(table, { key, types, rows: new Map() });
  }

  run(query: QueryConfig): QueryResult {
    const table = this.#tables.get(/memory\.(\w+)/.exec(query.text)?.[1] ?? '');
    if (table === undefined) throw new Error(`no table in: ${query.text}`);
    const values = (query.values ?? []).map((value) => readArray(value));
    if (query.text.startsWith('select'))
      return answer((values[0] ?? []).map((key) => table.rows.get(textOf(key))).filter((row) => row !== undefined));
    if (query.text.startsWith('delete')) {
      for (const key of values[0] ?? []) table.rows.delete(textOf(key));
      return answer([]);
    }
    const names = (/\(([^)]+)\) select/.exec(query.text)?.[1] ?? '').split(', ');
    const sums = / as t /.test(query.text);
    (values[0] ?? []).forEach((_, index) => {
      const row = Object.fromEntries(names.map((name, column) => [name, values[column]?.[index] ?? null]));
      const key = textOf(row[table.key]);
      const before = table.rows.get(key);
      if (!sums || before === undefined) {
        table.rows.set(key, { ...before, ...row });
        return;
      }
      const added = names.map((name) => {
        if (name === table.key) return [name, key] as const;
        const greatest = query.text.includes(`${name} = greatest(`);
        return [
          name,
          greatest ? Math.max(Number(before[name]), Number(row[name])) : Number(before[name]) + Number(row[name]),
        ] as const;
      });
      table.rows.set(key, Object.fromEntries<string | number>(added));
    });
    return answer([]);
  }

  /** All tables, each in the order of its keys. */
  dump(): Record<string, Row[]> {
    return Object.fromEntries(
      [...this.#tables].map(([name, { rows }]) => [
        name,
        [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row),
      ]),
    );
  }
}

function answer(rows: QueryResultRow[]): QueryResult {
  return { rows, rowCount: rows.length, command: '', oid: 0, fields: [] };
}

const epoch2000 = Date.UTC(2000, 0, 1);

/** Reads PostgreSQL's binary array back. */
function readArray(value: unknown): ColumnValue[] {
  if (!Buffer.isBuffer(value)) throw new Error('not a binary array');
  if (value.readInt32BE(0) === 0) return [];
  const oid = value.readInt32BE(8);
  const length = value.readInt32BE(12);
  const found: ColumnValue[] = [];
  let at = 20;
  for (let index = 0; index < length; index++) {
    const size = value.readInt32BE(at);
    at += 4;
    if (size < 0) {
      found.push(null);
      continue;
    }
    found.push(readElement(oid, value.subarray(at, at + size)));
    at += size;
  }
  return found;
}

function readElement(oid: number, bytes: Buffer): ColumnValue {
  switch (oid) {
    case 16:
      return bytes.readUInt8(0) === 1;
    case 23:
      return bytes.readInt32BE(0);
    case 20:
      return Number(bytes.readBigInt64BE(0));
    case 701:
      return bytes.readDoubleBE(0);
    case 1184:
      return Number(bytes.readBigInt64BE(0)) / 1000 + epoch2000;
    case 114: {
      const json = JSON.parse(bytes.toString()) as Json;
      return isJsonObject(json) ? json : textOf(json);
    }
    default:
      return bytes.toString();
  }
}

/** A key as PostgreSQL holds it, in a column of type text. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
