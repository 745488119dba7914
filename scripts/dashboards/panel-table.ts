import { alertRules } from './alert-rules.ts';
import { dashboards } from './all.ts';
import { isProm, type DashboardSpec, type PanelSpec } from './panel.ts';

/** Puts the tables of panels and rules into the page that explains them, between its marks. */
export function withPanelTables(page: string): string {
  const tables = new Map([
    ...dashboards.map((spec) => [spec.uid, panelTable(spec)] as const),
    ['alert-rules', ruleTable()] as const,
  ]);
  return page.replaceAll(
    /(<!-- table (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => {
      const table = tables.get(name);
      if (table === undefined) throw new Error(`There is no table ${name}.`);
      return `${begin}\n${table}\n\n${end}`;
    },
  );
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

function panelTable({ panels }: DashboardSpec): string {
  const rows = panels.map(
    (panel) =>
      `| ${cell(panel.title)} | ${panel.kind} | ${cell(panel.description)} | ${bandsOf(panel)} | ${askedOf(panel)} |`,
  );
  return ['| Panel | Kind | What it shows and answers | Bands | Asks |', '|---|---|---|---|---|', ...rows].join('\n');
}

const spoken: Readonly<Record<string, string>> = { percent: ' %', ms: ' ms', s: ' s', eps: '/s' };

/** `green, yellow from 100 ms, red from 1,000 ms`. */
function bandsOf({ steps, unit }: PanelSpec): string {
  if (steps.length === 1) return '';
  return steps
    .map(([from, colour]) =>
      from === null ? colour : `${colour} from ${from.toLocaleString('en')}${spoken[unit] ?? ''}`,
    )
    .join(', ');
}

function askedOf({ queries }: PanelSpec): string {
  const [first] = queries;
  if (first === undefined || isProm(first)) return 'Prometheus';
  return first.source === 'eventStore' ? 'event store' : 'read models';
}

function ruleTable(): string {
  const rows = alertRules.map(
    ({ title, severity, summary, lasting, dashboard, panel }) =>
      `| ${title} | ${severity} | ${cell(summary)} | ${lasting} | ${dashboard.panels.find(({ id }) => id === panel)?.title ?? ''} |`,
  );
  return ['| Rule | Severity | True when | For | Panel |', '|---|---|---|---|---|', ...rows].join('\n');
}
