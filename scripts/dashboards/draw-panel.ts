import * as echarts from 'echarts';
import type { EChartsOption } from 'echarts';
import type { Answer, Line } from './ask-target.ts';
import type { ProvisionedPanel } from './provisioned-files.ts';
import { bandColour, colourOf, showValue } from './show-value.ts';

/** Draws a panel from its answers, as HTML with SVG in it. Near to what Grafana shows, and no copy of it. */

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** The time shown, in seconds since 1970. */
  readonly from: number;
  readonly to: number;
}

const palette = ['#3871dc', '#e0752d', '#3a9d4f', '#8f3bb8', '#d43f4d', '#1f9eb0', '#d9a400', '#705da0', '#5a6b7b'];
const small = { fontSize: 11, fontFamily: 'DejaVu Sans, sans-serif', color: '#444' };

/** Nothing here can measure text: DejaVu Sans takes two thirds of its size for a letter. */
const widthOf = (text: string, size: number): number => text.length * size * 0.64;
echarts.setPlatformAPI({
  measureText: (text: string, font?: string) => ({
    width: widthOf(text, Number(/(\d+)px/.exec(font ?? '')?.[1] ?? 12)),
  }),
});

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export function drawPanel(panel: ProvisionedPanel, answers: readonly Answer[], frame: Frame): string {
  const lines = answers.flatMap((answer) => (answer.kind === 'lines' ? answer.lines : []));
  const rows = answers.flatMap((answer) => (answer.kind === 'table' ? answer.rows : []));
  switch (panel.type) {
    case 'stat':
      return drawNumbers(panel, lines, rows);
    case 'table':
      return drawTable(panel, rows);
    case 'gauge':
      return svg(gauges(panel, lines), frame);
    case 'heatmap':
      return svg(heatmap(panel, lines, frame), frame);
    case 'barchart':
      return svg(barChart(rows), frame);
    default:
      return svg(timeSeries(panel, lines, frame), frame);
  }
}

function svg(option: EChartsOption, { width, height }: Frame): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ animation: false, color: palette, textStyle: small, ...option });
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return drawn;
}

const isBars = (panel: ProvisionedPanel): boolean =>
  JSON.stringify(panel.fieldConfig.defaults).includes('"drawStyle":"bars"');

function timeSeries(panel: ProvisionedPanel, lines: readonly Line[], frame: Frame): EChartsOption {
  const { unit, thresholds, max } = panel.fieldConfig.defaults;
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const top = Math.max(...values, 0);
  const limits = thresholds.steps.filter(({ value }) => value !== null && value <= top * 1.5);
  const bars = isBars(panel);
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([time]) => time)))].sort((a, b) => a - b);
  return {
    grid: { left: 68, right: 16, top: 12, bottom: 30 + 18 * legendRows(lines, frame) },
    legend: { bottom: 2, type: 'plain', textStyle: small, itemWidth: 14, itemHeight: 8, itemGap: 10 },
    xAxis: {
      type: 'time',
      min: frame.from * 1_000,
      max: frame.to * 1_000,
      axisLabel: { ...small, hideOverlap: true },
      splitNumber: Math.max(2, Math.round(frame.width / 130)),
      containShape: false,
    },
    yAxis: {
      type: 'value',
      min: 0,
      ...(max === undefined ? {} : { max }),
      axisLabel: { ...small, formatter: (value: number) => showValue(value, unit).replace(/ \w+\/s$/, '/s') },
    },
    series: lines.map(({ name, points }, n) => ({
      name,
      type: bars ? ('bar' as const) : ('line' as const),
      ...(bars ? { stack: 'A', barMaxWidth: 14 } : { showSymbol: points.length < 3, lineStyle: { width: 1.6 } }),
      data: (bars ? withEveryTime(points, times) : points).map(([time, value]) => [
        time * 1_000,
        Number.isFinite(value) ? value : null,
      ]),
      ...(n === 0 && !bars
        ? {
            markLine: {
              silent: true,
              symbol: 'none',
              label: { show: false },
              data: limits.map(({ value, color }) => ({
                yAxis: value ?? 0,
                lineStyle: { color: colourOf(color), type: 'dashed' as const },
              })),
            },
          }
        : {}),
    })),
  };
}

/** A stack needs a value of each line at each time. */
function withEveryTime(points: Line['points'], times: readonly number[]): Line['points'] {
  const known = new Map(points);
  return times.map((time) => [time, known.get(time) ?? 0] as const);
}

/** How many rows the names below a chart need. */
function legendRows(lines: readonly Line[], { width }: Frame): number {
  let [rows, x] = [1, 0];
  for (const { name } of lines) {
    const needed = widthOf(name, 11) + 30;
    if (x > 0 && x + needed > width) [rows, x] = [rows + 1, 0];
    x += needed;
  }
  return rows;
}

/** `waiting-room-projection-queue` in lines of some letters. */
function inLines(name: string, letters: number): string {
  const lines = [''];
  for (const part of name.split(/(?<=[-._ ])/)) {
    const last = lines.length - 1;
    if ((lines[last] ?? '').length + part.length > letters && lines[last] !== '') lines.push(part);
    else lines[last] = `${lines[last] ?? ''}${part}`;
  }
  return lines.join('\n');
}

function gauges(panel: ProvisionedPanel, lines: readonly Line[]): EChartsOption {
  const { unit, thresholds, max = 100 } = panel.fieldConfig.defaults;
  const shown = lines.slice(0, 4);
  const bounds = thresholds.steps.map(({ color }, n): [number, string] => [
    Math.min(1, (thresholds.steps[n + 1]?.value ?? max) / max),
    colourOf(color),
  ]);
  return {
    series: shown.map(({ name, points }, n) => {
      const value = points.at(-1)?.[1] ?? 0;
      return {
        type: 'gauge' as const,
        center: [`${(100 * (n + 0.5)) / shown.length}%`, '58%'],
        radius: `${shown.length === 1 ? 85 : Math.min(80, 150 / shown.length)}%`,
        min: 0,
        max,
        axisLine: { lineStyle: { width: 8, color: bounds } },
        progress: { show: true, width: 14, itemStyle: { color: bandColour(value, panel) } },
        pointer: { show: false },
        axisTick: { show: false },
        splitLine: { show: false },
        axisLabel: { show: false },
        title: { ...small, lineHeight: 14, offsetCenter: [0, shown.length === 1 ? '80%' : '115%'] },
        detail: {
          ...small,
          fontSize: shown.length > 2 ? 15 : 20,
          offsetCenter: [0, 0],
          color: bandColour(value, panel),
          formatter: (shownValue: number) => showValue(shownValue, unit),
        },
        data: [{ value, name: inLines(name, Math.floor(58 / shown.length)) }],
      };
    }),
  };
}

/** Prometheus counts what took no longer than a bound: a cell is what lies between two bounds. */
function heatmap(panel: ProvisionedPanel, lines: readonly Line[], frame: Frame): EChartsOption {
  const bounds = [...lines].sort((one, other) => toBound(one.name) - toBound(other.name));
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([time]) => time)))].sort((a, b) => a - b);
  const cells: (readonly [number, number, number])[] = [];
  for (const [row, { points }] of bounds.entries()) {
    const below = new Map(bounds[row - 1]?.points);
    for (const [time, value] of points) {
      const events = value - (below.get(time) ?? 0);
      if (events > 0.01) cells.push([times.indexOf(time), row, events]);
    }
  }
  return {
    grid: { left: 64, right: 16, top: 12, bottom: 56 },
    xAxis: {
      type: 'category',
      data: times.map((time) => new Date(time * 1_000).toISOString().slice(11, 19)),
      axisLabel: { ...small, interval: Math.max(1, Math.floor(times.length / (frame.width / 90))) },
    },
    yAxis: {
      type: 'category',
      data: bounds.map(({ name }) =>
        name === '+Inf' ? '∞' : showValue(Number(name), panel.fieldConfig.defaults.unit),
      ),
      axisLabel: small,
    },
    visualMap: {
      min: 0,
      max: Math.max(1, ...cells.map(([, , events]) => events)),
      calculable: false,
      orient: 'horizontal',
      left: 'center',
      bottom: 0,
      itemHeight: 90,
      itemWidth: 10,
      textStyle: small,
      text: ['many events', 'few'],
      inRange: { color: ['#fff2e0', '#f5a742', '#a33b00'] },
    },
    series: [{ type: 'heatmap', data: cells.map((cell) => [...cell]), progressive: 0 }],
  };
}

const toBound = (name: string): number => (name === '+Inf' ? Infinity : Number(name));

function barChart(rows: readonly Readonly<Record<string, unknown>>[]): EChartsOption {
  const [label = '', ...figures] = Object.keys(rows[0] ?? {});
  const upwards = rows.toReversed();
  return {
    grid: { left: 160, right: 24, top: 8, bottom: 44 },
    legend: { bottom: 0, textStyle: small, itemWidth: 14, itemHeight: 8 },
    xAxis: { type: 'value', axisLabel: small, minInterval: 1 },
    yAxis: { type: 'category', data: upwards.map((row) => String(row[label])), axisLabel: small },
    series: figures.map((name) => ({
      name,
      type: 'bar' as const,
      label: { show: true, position: 'right' as const, ...small },
      data: upwards.map((row) => Number(row[name])),
    })),
  };
}

function drawNumbers(
  panel: ProvisionedPanel,
  lines: readonly Line[],
  rows: readonly Readonly<Record<string, unknown>>[],
): string {
  const { unit } = panel.fieldConfig.defaults;
  const last = ({ points }: Line): number => points.findLast(([, value]) => Number.isFinite(value))?.[1] ?? Number.NaN;
  const numbers = [
    ...lines.map((line) => ({ name: line.name, value: last(line) })),
    ...Object.entries(rows[0] ?? {}).map(([name, value]) => ({ name, value: Number(value) })),
  ];
  const shown = numbers.map(
    ({ name, value }) =>
      `<div class="number"><b style="color:${bandColour(value, panel)}">${escape(showValue(value, unit))}</b><span>${escape(name)}</span></div>`,
  );
  return `<div class="numbers">${shown.join('')}</div>`;
}

function drawTable(panel: ProvisionedPanel, rows: readonly Readonly<Record<string, unknown>>[]): string {
  const { unit } = panel.fieldConfig.defaults;
  const show = (value: unknown): string => {
    if (value === null) return '–';
    if (value instanceof Date) return value.toISOString().slice(0, 23).replace('T', ' ');
    if (typeof value === 'number') return showValue(value, unit);
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  const head = Object.keys(rows[0] ?? {}).map((name) => `<th>${escape(name)}</th>`);
  const body = rows.slice(0, 10).map((row) => {
    const cells = Object.values(row).map((value) => {
      const colour = typeof value === 'number' ? ` style="color:${bandColour(value, panel)}"` : '';
      return `<td${colour}>${escape(show(value))}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table><tr>${head.join('')}</tr>${body.join('')}</table>`;
}
