/** Reading JSON that came over the network: every value is looked at before it is used. */
export type JsonFields = { readonly [name: string]: unknown };

/** The fields of an object; none when it is not one. */
export function fieldsOf(value: unknown): JsonFields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The elements of a list; none when it is not one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Large counts may come as text. */
export function number(value: unknown): number {
  return numberOrNull(value) ?? 0;
}

export function numberOrNull(value: unknown): number | null {
  const read =
    typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
  return Number.isFinite(read) ? read : null;
}

/** A moment as ISO text, in milliseconds since 1970. */
export function moment(value: unknown): number {
  return momentOrNull(value) ?? 0;
}

export function momentOrNull(value: unknown): number | null {
  const read = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(read) ? null : read;
}

/** What a text says as JSON; undefined when it is none. */
export function parsedJson(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
