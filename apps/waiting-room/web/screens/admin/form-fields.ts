/** What somebody filled in, by the name of the field. */
export type Values = { readonly [name: string]: string | boolean | readonly string[] };

export interface Field {
  /** As the server calls it: its refusals name it. */
  readonly name: string;
  readonly label: string;
  readonly kind: 'text' | 'password' | 'number' | 'time' | 'tick' | 'choice' | 'ticks';
  readonly hint?: string;
  readonly required?: boolean;
  /** Cannot be changed, as it says which one this is. */
  readonly fixed?: boolean;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly min?: number;
  readonly max?: number;
  /** For `choice` and `ticks`; for `text` what is suggested. */
  readonly options?: readonly (readonly [value: string, title: string])[];
}

export function textOf(values: Values, name: string): string {
  const value = values[name];
  return typeof value === 'string' ? value.trim() : '';
}

/** Null for an empty field: the server then takes it for none. */
export function textOrNone(values: Values, name: string): string | null {
  return textOf(values, name) || null;
}

export function numberOrNone(values: Values, name: string): number | null {
  const text = textOf(values, name);
  return text === '' ? null : Number(text);
}

export function isTicked(values: Values, name: string): boolean {
  return values[name] === true;
}

export function ticksOf(values: Values, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** The fields that a refusal is about: `stages.triage` and `/stages/triage` are about `triage`. */
export function refusedFields(fields: readonly Field[], names: readonly string[]): ReadonlySet<string> {
  const parts = new Set(names.flatMap((name) => name.split(/[./]/)));
  return new Set(fields.map(({ name }) => name).filter((name) => parts.has(name)));
}
