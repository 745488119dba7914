import { clefNames } from './clef-line.ts';

/** One line of a log file, with its properties by the names of the table. */
export interface ClefLine {
  /** ISO, with milliseconds. */
  readonly time: string;
  readonly values: { readonly [property: string]: unknown };
  /** As it stands in the file. */
  readonly text: string;
}

const tableNames = new Map(Object.entries(clefNames).map(([name, short]) => [short, name]));

/** Reads one line. Undefined for one that is none: cut off by a kill, or not ours. */
export function readClef(text: string): ClefLine | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('@t' in parsed) || typeof parsed['@t'] !== 'string') {
    return undefined;
  }
  const values: { [property: string]: unknown } = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (!name.startsWith('@')) values[name] = value;
    else if (tableNames.has(name)) values[tableNames.get(name) ?? name] = value;
  }
  const template = '@mt' in parsed && typeof parsed['@mt'] === 'string' ? parsed['@mt'] : '';
  values['Timestamp'] = parsed['@t'];
  values['MessageTemplate'] = template;
  values['Message'] = fill(template, values);
  return { time: parsed['@t'], values, text };
}

/** A template with the values in the places of their names. */
function fill(template: string, values: { readonly [property: string]: unknown }): string {
  return template.replaceAll(/\{(\w+)\}/g, (name, property: string) => {
    const value = values[property];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : name;
  });
}
