import { metricTable, type MetricEntry } from '../src/telemetry/metric-table.ts';

const begin = '<!-- metrics: npm run reference -->';
const end = '<!-- end of metrics -->';

/** Puts the table of metrics into the page. Throws when the page has no place for it. */
export function withMetricTable(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error('The page has no place for the table of metrics.');
  return `${page.slice(0, from)}${begin}\n\n${table()}\n\n${page.slice(to)}`;
}

function table(): string {
  const entries: readonly MetricEntry[] = Object.values(metricTable);
  const rows = entries.map(({ name, type, labels, toldBy, ofSystem, help, buckets }) => {
    const whose = ofSystem === true ? `${toldBy}, of the system` : toldBy;
    const bounds = buckets === undefined ? '' : ` Buckets up to ${buckets.join(', ')}.`;
    const named = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${named} | ${whose} | ${help}${bounds} |`;
  });
  return ['| metric | kind | labels | told by | meaning |', '|---|---|---|---|---|', ...rows].join('\n');
}
