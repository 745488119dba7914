import { readFileSync } from 'node:fs';
import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
  type Dashboard,
  type DashboardLink,
  type GridPos,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DashboardLinkBuilder, DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as GaugePanel } from '@grafana/grafana-foundation-sdk/gauge';
import { PanelBuilder as Heatmap, YAxisConfigBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { isProm, sources, type DashboardSpec, type PanelSpec, type PromQuery, type SqlQuery } from './panel.ts';

/** The text of a query's file. */
export const sqlOf = (query: SqlQuery): string =>
  readFileSync(new URL(`./sql/${query.sql}`, import.meta.url), 'utf8').trim();

const refId = (n: number): string => String.fromCodePoint(65 + n);

/** The builders of Grafana's kit know no PostgreSQL: these are the properties that its plugin reads. */
class SqlTarget implements Builder<Dataquery> {
  readonly #target: object;

  constructor(query: SqlQuery, n: number) {
    this.#target = {
      refId: refId(n),
      datasource: sources[query.source],
      format: query.format,
      editorMode: 'code',
      rawQuery: true,
      rawSql: sqlOf(query),
    };
  }

  build(): Dataquery {
    return { ...this.#target, _implementsDataqueryVariant: () => undefined };
  }
}

function targetOf(query: PromQuery | SqlQuery, n: number, kind: PanelSpec['kind']): Builder<Dataquery> {
  if (!isProm(query)) return new SqlTarget(query, n);
  const target = new DataqueryBuilder()
    .refId(refId(n))
    .datasource(sources.prometheus)
    .expr(query.expr)
    .legendFormat(query.legend)
    .format(kind === 'heatmap' ? PromQueryFormat.Heatmap : PromQueryFormat.TimeSeries);
  return kind === 'gauge' || query.instant === true ? target.instant() : target.range();
}

const thresholdsOf = ({ steps }: PanelSpec) =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value: value ?? null, color })));

const legend = () =>
  new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([]);

const lastValue = () => new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false);

/** Every row of a table that PostgreSQL answers is a value of its own. */
const reduced = (spec: PanelSpec) => {
  const [first] = spec.queries;
  return first !== undefined && !isProm(first) && first.format === 'table' ? lastValue().fields('/.*/') : lastValue();
};

/** What a panel of each kind looks like. */
function shapeOf(spec: PanelSpec): TimeSeries | GaugePanel | Stat | Heatmap | Table | BarChart {
  switch (spec.kind) {
    case 'line':
      return new TimeSeries()
        .drawStyle(GraphDrawStyle.Line)
        .lineWidth(2)
        .fillOpacity(5)
        .showPoints(VisibilityMode.Never)
        .axisPlacement(AxisPlacement.Auto)
        .thresholdsStyle(
          new GraphThresholdsStyleConfigBuilder().mode(
            spec.steps.length > 1 ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off,
          ),
        )
        .legend(legend())
        .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
    case 'bars':
      return new TimeSeries()
        .drawStyle(GraphDrawStyle.Bars)
        .fillOpacity(70)
        .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
        .legend(legend())
        .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
    case 'gauge':
      return new GaugePanel().reduceOptions(reduced(spec)).showThresholdMarkers(true).orientation(VizOrientation.Auto);
    case 'stat':
      return new Stat()
        .reduceOptions(reduced(spec))
        .colorMode(BigValueColorMode.Value)
        .graphMode(BigValueGraphMode.Area);
    case 'heatmap':
      return new Heatmap().calculate(false).yAxis(new YAxisConfigBuilder().unit(spec.unit));
    case 'table':
      return new Table().hideHeader(false);
    case 'bar chart':
      return new BarChart().orientation(VizOrientation.Horizontal).showValue(VisibilityMode.Auto).legend(legend());
  }
}

function panelOf(spec: PanelSpec, gridPos: GridPos): Builder<Panel> {
  const panel = shapeOf(spec)
    .id(spec.id)
    .title(spec.title)
    .description(spec.description)
    .gridPos(gridPos)
    .unit(spec.unit)
    .min(0)
    .thresholds(thresholdsOf(spec));
  const [first] = spec.queries;
  if (first !== undefined) panel.datasource(isProm(first) ? sources.prometheus : sources[first.source]);
  for (const [n, query] of spec.queries.entries()) panel.withTarget(targetOf(query, n, spec.kind));
  if (spec.timeFrom !== undefined) panel.timeFrom(spec.timeFrom);
  if (spec.max !== undefined) panel.max(spec.max);
  return panel;
}

/** Places panels from left to right, and begins a line where the next one does not fit any more. */
function* placed(panels: readonly PanelSpec[]): Iterable<Builder<Panel>> {
  let [x, y, lineHeight] = [0, 0, 0];
  for (const spec of panels) {
    if (x + spec.width > 24) {
      [x, y, lineHeight] = [0, y + lineHeight, 0];
    }
    yield panelOf(spec, { x, y, w: spec.width, h: spec.height });
    x += spec.width;
    lineHeight = Math.max(lineHeight, spec.height);
  }
}

const linkToTheOthers = (): Builder<DashboardLink> =>
  new DashboardLinkBuilder('Millrace')
    .type(DashboardLinkType.Dashboards)
    .tags(['millrace'])
    .asDropdown(true)
    .keepTime(true);

/** The dashboard as Grafana reads it. */
export function buildDashboard(spec: DashboardSpec): Dashboard {
  const dashboard = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([...spec.tags])
    .refresh('10s')
    .time({ from: spec.from, to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .link(linkToTheOthers());
  for (const { name, label, metric } of spec.variables) {
    dashboard.withVariable(
      new QueryVariableBuilder(name)
        .label(label)
        .datasource(sources.prometheus)
        .query({ query: `label_values(${metric}, ${name})`, refId: 'Variable' })
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ text: 'All', value: '$__all' }),
    );
  }
  for (const panel of placed(spec.panels)) dashboard.withPanel(panel);
  return dashboard.build();
}
