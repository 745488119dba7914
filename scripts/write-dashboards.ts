import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { alertRulesFile } from './dashboards/alert-rules.ts';
import { dashboards } from './dashboards/all.ts';
import { buildDashboard } from './dashboards/build-dashboard.ts';
import { withPanelTables } from './dashboards/panel-table.ts';
import { repository, runTool } from './development-tool.ts';

/** Writes Grafana's files and the tables of docs/GRAFANA.md from `scripts/dashboards/`. Run: `npm run dashboards` */

const folder = path.join(repository, 'infrastructure/grafana');
await mkdir(path.join(folder, 'dashboards'), { recursive: true });
for (const spec of dashboards) {
  await writeFile(path.join(folder, 'dashboards', spec.file), `${JSON.stringify(buildDashboard(spec), null, 2)}\n`);
}
await mkdir(path.join(folder, 'alerting'), { recursive: true });
await writeFile(path.join(folder, 'alerting', 'rules.yml'), alertRulesFile());
const page = path.join(repository, 'docs/GRAFANA.md');
await writeFile(page, withPanelTables(await readFile(page, 'utf8')));
process.exitCode = await runTool('oxfmt', [folder]);
