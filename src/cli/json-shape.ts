import { MillraceError } from '../errors.ts';

/** JSON from elsewhere, looked at field by field: a command reads few fields and must survive a newer server's more. */
export type JsonFields = Record<string, unknown>;

export function isObject(value: unknown): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Throws ANSWER_UNEXPECTED when it is no object. */
export function objectFrom(value: unknown, what: string): JsonFields {
  if (isObject(value)) return value;
  throw unexpected(what, 'an object');
}

export function objectsFrom(value: unknown, what: string): JsonFields[] {
  if (Array.isArray(value)) return value.map((item) => objectFrom(item, what));
  throw unexpected(what, 'a list');
}

/** The list that an answer is, or that it has under a name. Throws ANSWER_UNEXPECTED. */
export function listFrom(value: unknown, name: string): JsonFields[] {
  return objectsFrom(isObject(value) ? value[name] : value, name);
}

/** A number; positions may come as text. Throws ANSWER_UNEXPECTED. */
export function numberFrom(fields: JsonFields, name: string): number {
  const number = numberOrNull(fields, name);
  if (number === null) throw unexpected(name, 'a number');
  return number;
}

export function numberOrNull(fields: JsonFields, name: string): number | null {
  const value = fields[name];
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null;
}

export function textFrom(fields: JsonFields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw unexpected(name, 'a text');
}

export function textOrNull(fields: JsonFields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' ? value : null;
}

function unexpected(what: string, wanted: string): MillraceError {
  return new MillraceError('ANSWER_UNEXPECTED', `The answer's ${what} is not ${wanted}.`);
}
