import { logEvents, logProperties } from '../src/telemetry/log-events.ts';

const begin = '<!-- lines -->';
const end = '<!-- /lines -->';

/** The page about the log with the tables between its two marks replaced. */
export function withLogTable(page: string): string {
  const [before = '', rest = ''] = page.split(begin);
  const after = rest.split(end)[1] ?? '';
  return `${before}${begin}\n\n${linesTable()}\n\n## Properties\n\n${propertiesTable()}\n\n${end}${after}`;
}

function linesTable(): string {
  const rows = Object.values(logEvents).map(({ template, level, component, properties }) => {
    const names = properties.length === 0 ? '' : properties.map((name) => `\`${name}\``).join(', ');
    return `| ${template} | ${level} | ${component ?? '(the part)'} | ${names} |`;
  });
  return ['| line | level | `Component` | properties |', '|---|---|---|---|', ...rows].join('\n');
}

function propertiesTable(): string {
  const rows = Object.entries(logProperties).map(
    ([name, { kind, meaning }]) => `| \`${name}\` | ${kind} | ${meaning} |`,
  );
  return ['| property | kind | holds |', '|---|---|---|', ...rows].join('\n');
}
