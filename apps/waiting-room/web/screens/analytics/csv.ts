/** What a cell may be; null stays empty. */
export type Cell = string | number | null;

/**
 * Lines of comma-separated values (RFC 4180), with a mark for spreadsheets that it is UTF-8. Text that a spreadsheet
 * would take for a formula gets an apostrophe: what patients come for is typed by people.
 * @example csvOf([['hour', 'visits'], ['08:00', 3]])
 */
export function csvOf(lines: readonly (readonly Cell[])[]): string {
  return `\uFEFF${lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('')}`;
}

function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
