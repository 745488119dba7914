import type pg from 'pg';
import { columnArray, nullableJsonArray, textArray } from '../store/postgres/binary-arrays.ts';
import type { ColumnType, ColumnValue, Row } from './definition.ts';

/** The values of one column of many rows as a binary array parameter. */
export function encodeColumn(type: ColumnType, values: readonly (ColumnValue | undefined)[]): Buffer {
  switch (type) {
    case 'text':
      return textArray(values.map(asText));
    case 'json':
      return nullableJsonArray(
        values.map((value) => (value === null || value === undefined ? undefined : JSON.stringify(value))),
      );
    case 'boolean':
      return columnArray(type, values.map(asBoolean));
    case 'integer':
    case 'bigint':
      return columnArray(type, values.map(asInteger));
    case 'timestamptz':
      return columnArray(type, values.map(asFinite));
    case 'double precision':
      return columnArray(type, values.map(asNumber));
  }
}

// A value of the wrong kind is refused, and so parks its event: written down as something else, nobody would notice.

function asText(value: ColumnValue | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return value;
  throw new TypeError(`a column of text was given a ${typeof value}`);
}

function asBoolean(value: ColumnValue | undefined): boolean | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value;
  throw new TypeError(`a column of booleans was given a ${typeof value}`);
}

function asNumber(value: ColumnValue | undefined): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return value;
  throw new TypeError(`a column of numbers was given a ${typeof value}`);
}

function asInteger(value: ColumnValue | undefined): number | null {
  const number = asNumber(value);
  if (number !== null && !Number.isSafeInteger(number))
    throw new RangeError('a column of integers was given something else');
  return number;
}

function asFinite(value: ColumnValue | undefined): number | null {
  const number = asNumber(value);
  if (number !== null && !Number.isFinite(number)) throw new RangeError('a column of times was given no number');
  return number;
}

/** The select-list expression that reads a column back as the handler wrote it. */
export function selectColumn(name: string, type: ColumnType): string {
  if (type === 'timestamptz') return `(extract(epoch from ${name}) * 1000)::float8 as ${name}`;
  if (type === 'bigint') return `${name}::float8 as ${name}`;
  return name;
}

/**
 * A row as PostgreSQL answered it with {@link selectColumn}, as handlers see it: the select list names only columns of
 * the declared types, and selectColumn maps each to its TypeScript shape.
 */
export function decodeRow(row: pg.QueryResultRow): Row {
  return row;
}
