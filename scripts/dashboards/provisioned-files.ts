import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { repository } from '../development-tool.ts';

/**
 * The files of `infrastructure/grafana/` as Grafana reads them, with the parts of its schema that they use: a property of
 * a panel's question, a rule or a data source that is not listed here is refused.
 */

const folder = path.join(repository, 'infrastructure/grafana');
const strict = { additionalProperties: false };
const text = Type.String({ minLength: 1 });
const source = Type.Object({ type: text, uid: text }, strict);

const promTarget = Type.Object(
  {
    refId: text,
    datasource: source,
    expr: text,
    legendFormat: text,
    format: Type.Union([Type.Literal('time_series'), Type.Literal('heatmap')]),
    instant: Type.Boolean(),
    range: Type.Boolean(),
  },
  strict,
);
const sqlTarget = Type.Object(
  {
    refId: text,
    datasource: source,
    format: Type.Union([Type.Literal('time_series'), Type.Literal('table')]),
    editorMode: Type.Literal('code'),
    rawQuery: Type.Literal(true),
    rawSql: text,
  },
  strict,
);
const step = Type.Object({ value: Type.Union([Type.Number(), Type.Null()]), color: text }, strict);
const panel = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    type: Type.Union(['timeseries', 'gauge', 'stat', 'heatmap', 'table', 'barchart'].map((name) => Type.Literal(name))),
    title: text,
    description: text,
    datasource: source,
    gridPos: Type.Object(
      {
        x: Type.Integer({ minimum: 0, maximum: 23 }),
        y: Type.Integer({ minimum: 0 }),
        w: Type.Integer({ minimum: 1, maximum: 24 }),
        h: Type.Integer({ minimum: 1 }),
      },
      strict,
    ),
    targets: Type.Array(Type.Union([promTarget, sqlTarget]), { minItems: 1 }),
    fieldConfig: Type.Object({
      defaults: Type.Object({
        unit: text,
        min: Type.Number(),
        max: Type.Optional(Type.Number()),
        thresholds: Type.Object({ mode: Type.Literal('absolute'), steps: Type.Array(step, { minItems: 1 }) }, strict),
      }),
      overrides: Type.Optional(Type.Array(Type.Unknown())),
    }),
    options: Type.Object({}),
    timeFrom: Type.Optional(text),
    transparent: Type.Boolean(),
    repeatDirection: Type.Literal('h'),
  },
  strict,
);
const dashboard = Type.Object({
  uid: text,
  title: text,
  description: text,
  tags: Type.Array(text),
  refresh: text,
  schemaVersion: Type.Integer({ minimum: 36 }),
  time: Type.Object({ from: text, to: Type.Literal('now') }, strict),
  templating: Type.Object({
    list: Type.Optional(
      Type.Array(
        Type.Object({
          name: text,
          type: Type.Literal('query'),
          datasource: source,
          query: Type.Object({ query: text }),
        }),
      ),
    ),
  }),
  panels: Type.Array(panel),
});
const rule = Type.Object(
  {
    uid: text,
    title: text,
    condition: Type.Literal('B'),
    data: Type.Tuple([
      Type.Object(
        {
          refId: Type.Literal('A'),
          relativeTimeRange: Type.Object({ from: Type.Integer(), to: Type.Integer() }, strict),
          datasourceUid: text,
          model: Type.Union([
            Type.Omit(Type.Object({ ...promTarget.properties, instant: Type.Literal(true) }, strict), [
              'datasource',
              'format',
            ]),
            Type.Omit(sqlTarget, ['datasource']),
          ]),
        },
        strict,
      ),
      Type.Object(
        {
          refId: Type.Literal('B'),
          datasourceUid: Type.Literal('__expr__'),
          model: Type.Object(
            {
              refId: Type.Literal('B'),
              type: Type.Literal('threshold'),
              expression: Type.Literal('A'),
              conditions: Type.Tuple([
                Type.Object(
                  {
                    evaluator: Type.Object({ type: Type.Literal('gt'), params: Type.Tuple([Type.Number()]) }, strict),
                  },
                  strict,
                ),
              ]),
            },
            strict,
          ),
        },
        strict,
      ),
    ]),
    for: text,
    noDataState: Type.Literal('NoData'),
    execErrState: Type.Literal('Error'),
    labels: Type.Object({ severity: text, watcher: text }, strict),
    annotations: Type.Object({ summary: text }, strict),
    dashboardUid: text,
    panelId: Type.Integer(),
    isPaused: Type.Literal(false),
  },
  strict,
);
const rulesFile = Type.Object(
  {
    apiVersion: Type.Literal(1),
    groups: Type.Array(
      Type.Object(
        { orgId: Type.Literal(1), name: text, folder: text, interval: text, rules: Type.Array(rule) },
        strict,
      ),
    ),
  },
  strict,
);
const sourcesFile = Type.Object(
  {
    apiVersion: Type.Literal(1),
    deleteDatasources: Type.Array(Type.Object({ name: text, orgId: Type.Literal(1) }, strict)),
    datasources: Type.Array(
      Type.Object(
        {
          name: text,
          uid: text,
          orgId: Type.Literal(1),
          type: text,
          access: Type.Literal('proxy'),
          url: text,
          user: Type.Optional(text),
          isDefault: Type.Optional(Type.Boolean()),
          editable: Type.Literal(false),
          jsonData: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
          secureJsonData: Type.Optional(Type.Object({ password: text }, strict)),
        },
        strict,
      ),
    ),
  },
  strict,
);

export type ProvisionedDashboard = Static<typeof dashboard>;
export type ProvisionedPanel = Static<typeof panel>;
export type ProvisionedTarget = ProvisionedPanel['targets'][number];
export type ProvisionedRule = Static<typeof rule>;
export type ProvisionedSource = Static<typeof sourcesFile>['datasources'][number];

/** Reads and checks a file's content. Throws with the places that are wrong. */
function checked<Schema extends TSchema>(schema: Schema, content: unknown, name: string): Static<Schema> {
  if (Value.Check(schema, content)) return content;
  const wrong = Value.Errors(schema, content)
    .slice(0, 5)
    .map(({ instancePath, message }) => `${instancePath}: ${message}`);
  throw new Error(`${name} is not as Grafana expects it:\n${wrong.join('\n')}`);
}

const textOf = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

export const dashboardFiles = (): readonly string[] =>
  readdirSync(path.join(folder, 'dashboards'))
    .filter((name) => name.endsWith('.json'))
    .sort();

export const readDashboard = (file: string): ProvisionedDashboard =>
  checked(dashboard, JSON.parse(textOf(`dashboards/${file}`)), file);

export const readRules = (): readonly ProvisionedRule[] =>
  checked(rulesFile, parse(textOf('alerting/rules.yml')), 'rules.yml').groups.flatMap(({ rules }) => rules);

export const readSources = (): readonly ProvisionedSource[] =>
  checked(sourcesFile, parse(textOf('datasources/datasources.yml')), 'datasources.yml').datasources;

/** The text of a file under `infrastructure/grafana/`. */
export const grafanaFile = textOf;
