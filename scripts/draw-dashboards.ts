import path from 'node:path';
import process from 'node:process';
import { startBrowser } from '../test/support/chromium.ts';
import { installExporters } from '../test/support/exporters-install.ts';
import { ObservedClinic } from '../test/support/observed-clinic.ts';
import { findPrometheus, installPrometheus } from '../test/support/prometheus-install.ts';
import { askTarget } from './dashboards/ask-target.ts';
import { drawPanel } from './dashboards/draw-panel.ts';
import { toSeconds, type Window } from './dashboards/expand-query.ts';
import {
  dashboardFiles,
  readDashboard,
  type ProvisionedDashboard,
  type ProvisionedPanel,
} from './dashboards/provisioned-files.ts';
import { repository } from './development-tool.ts';

/**
 * Draws docs/images/dashboard-*.png: runs a clinic for some minutes, with an event that the read model refuses and a broker that
 * is away for a while, and asks the panels' own questions. Run: `node scripts/draw-dashboards.ts [seconds]`
 */

const column = 66;
const row = 36;
const runsForSeconds = Number(process.argv[2] ?? 240);

const style = `
  * { box-sizing: border-box; font-family: 'DejaVu Sans', sans-serif; }
  body { margin: 0; background: #eef0f3; width: ${24 * column}px; }
  h1 { font-size: 20px; margin: 0; padding: 12px 12px 4px; height: 44px; }
  main { position: relative; }
  section { position: absolute; padding: 4px; }
  article { background: #fff; border: 1px solid #d5d9df; border-radius: 3px; height: 100%; overflow: hidden; }
  h2 { font-size: 12px; margin: 0; padding: 6px 8px 2px; height: 24px; white-space: nowrap; }
  .numbers { display: flex; height: calc(100% - 24px); align-items: center; justify-content: space-around; }
  .number { text-align: center; } .number b { display: block; font-size: 30px; } .number span { font-size: 11px; color: #555; }
  table { border-collapse: collapse; width: 100%; font-size: 11px; } th, td { text-align: left; padding: 4px 8px; border-top: 1px solid #e6e8ec; }
`;

/** The clinic works; after a third an event is refused, and for a while after a half the broker stands still. */
async function work(clinic: ObservedClinic, seconds: number): Promise<void> {
  const begun = performance.now();
  const after = (share: number) => performance.now() - begun > share * seconds * 1_000;
  let refused = false;
  let away: 'not yet' | 'now' | 'back' = 'not yet';
  while (!after(1)) {
    await clinic.day(6);
    if (!refused && after(1 / 3)) {
      await clinic.refuseOne();
      refused = true;
    }
    if (away === 'not yet' && after(1 / 2)) {
      clinic.rabbit.pause();
      away = 'now';
    }
    if (away === 'now' && after(3 / 5)) {
      clinic.rabbit.resume();
      away = 'back';
    }
  }
  await clinic.crowd({ cardiology: 7, general: 4, pediatrics: 2 });
}

async function panelHtml(panel: ProvisionedPanel, shown: string, run: Window, clinic: ObservedClinic): Promise<string> {
  const asksPrometheus = panel.targets.some((target) => 'expr' in target);
  const back = toSeconds((panel.timeFrom ?? shown).replace('now-', ''));
  const span = asksPrometheus || back <= 3_600 ? run : { ...run, from: run.to - back, step: 60 };
  const answers = await Promise.all(panel.targets.map((target) => askTarget(target, span, clinic)));
  const { x, y, w, h } = panel.gridPos;
  const frame = { width: w * column - 12, height: h * row - 36, from: span.from, to: span.to };
  const place = `left:${x * column}px;top:${y * row}px;width:${w * column}px;height:${h * row}px`;
  const title = panel.title.replaceAll('&', '&amp;');
  return `<section style="${place}"><article><h2>${title}</h2>${drawPanel(panel, answers, frame)}</article></section>`;
}

async function page(
  { title, panels, time }: ProvisionedDashboard,
  run: Window,
  clinic: ObservedClinic,
): Promise<string> {
  const drawn: string[] = [];
  for (const panel of panels) drawn.push(await panelHtml(panel, time.from, run, clinic));
  const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * row + 8;
  const heading = title.replaceAll('&', '&amp;');
  return `<!doctype html><meta charset="utf-8"><style>${style}</style><h1>${heading}</h1><main style="height:${height}px">${drawn.join('')}</main>`;
}

if (!((findPrometheus() !== undefined || installPrometheus()) && installExporters())) {
  throw new Error('Prometheus or an exporter is missing: see `npm run test:observability`.');
}
const clinic = await ObservedClinic.start();
try {
  const from = Date.now() / 1_000;
  await work(clinic, runsForSeconds);
  const run: Window = {
    ...{ from, to: Date.now() / 1_000, step: Math.max(1, Math.round(runsForSeconds / 80)), scrape: 1 },
    variables: { event_name: '.*', projection: '.*', job: '.*' },
  };
  const browser = await startBrowser();
  try {
    const tab = await browser.newPage({ viewport: { width: 24 * column, height: 800 } });
    for (const file of dashboardFiles()) {
      await tab.setContent(await page(readDashboard(file), run, clinic));
      const image = path.join(repository, 'docs/images', `dashboard-${file.replace('.json', '.png')}`);
      await tab.screenshot({ path: image, fullPage: true });
      process.stderr.write(`${path.relative(repository, image)}\n`);
    }
  } finally {
    await browser.close();
  }
} finally {
  await clinic.stop();
}
