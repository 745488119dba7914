import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { metricTable } from '../../../src/telemetry/metric-table.ts';
import { readRepositoryFile, repositoryFiles } from './repository-files.ts';

const rulesFile = 'infrastructure/prometheus/alert-rules.yml';
const texts = Type.Record(Type.String(), Type.String());
const ruleGroups = Type.Object({
  groups: Type.Array(
    Type.Object({
      name: Type.String(),
      rules: Type.Array(
        Type.Object({
          alert: Type.String(),
          expr: Type.String(),
          for: Type.String(),
          labels: texts,
          annotations: texts,
        }),
      ),
    }),
  ),
});
const ruleTests = Type.Object({
  tests: Type.Array(
    Type.Object({
      name: Type.String(),
      alert_rule_test: Type.Array(
        Type.Object({
          eval_time: Type.String(),
          alertname: Type.String(),
          exp_alerts: Type.Array(Type.Object({ exp_labels: texts })),
        }),
      ),
    }),
  ),
});

const rules = Value.Parse(ruleGroups, parse(readRepositoryFile(rulesFile))).groups.flatMap((group) => group.rules);
const cases = repositoryFiles('infrastructure/prometheus/tests/*.yml').flatMap(
  ({ text }) => Value.Parse(ruleTests, parse(text)).tests,
);
const runbook = readRepositoryFile('docs/runbook.md');

/** The steps of a unit test about an alert: when, and the severities that are to fire then. */
function stepsOf(one: (typeof cases)[number], alert: string): { at: number; severities: (string | undefined)[] }[] {
  return one.alert_rule_test
    .filter(({ alertname }) => alertname === alert)
    .map(({ eval_time: time, exp_alerts: alerts }) => ({
      at: Number(time.replace('s', '')),
      severities: alerts.map(({ exp_labels: labels }) => labels['severity']),
    }))
    .sort((a, b) => a.at - b.at);
}

describe('each alert', () => {
  test.each(rules.map((rule) => [`${rule.alert} (${rule.labels['severity']})`, rule] as const))(
    '%s has unit tests in which it does not fire, fires and resolves, and a section in the runbook',
    (_name, { alert, labels, annotations }) => {
      expect(['warning', 'critical']).toContain(labels['severity']);
      expect(annotations['summary']).toBeTruthy();
      const whole = cases.filter((one) => {
        const fires = stepsOf(one, alert).map(({ severities }) => severities.includes(labels['severity']));
        const first = fires.indexOf(true);
        return first > 0 && fires.slice(first).includes(false);
      });
      expect(whole.length, 'unit tests with all three').toBeGreaterThan(0);
      expect(annotations['runbook']).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
      const section = runbook.split(/^## /m).find((part) => part.startsWith(`${alert}\n`)) ?? '';
      expect(section).toContain('**Means.**');
      expect(section).toMatch(/\*\*Check(?: and mend)?\.\*\*/);
    },
  );
});

it('the rules ask for metrics that somebody tells, and take no sum of a figure of the whole system', () => {
  const known = new Set<string>(Object.values(metricTable).map(({ name }) => name));
  const ofSystem = Object.values(metricTable).filter((entry) => 'ofSystem' in entry);
  for (const { alert, expr } of rules) {
    const labelled = expr.replaceAll(/\b(?:by|on|without|ignoring) \([^)]*\)|\{[^}]*\}/g, '');
    for (const [name] of labelled.matchAll(/\b[a-z]+(?:_[a-z0-9]+)+\b/g)) {
      // Exporters, the broker and Node have tables of their own.
      if (/^(?:pg|rabbitmq|node|nodejs|process)_/.test(name) || /^(?:histogram|label)_/.test(name)) continue;
      expect(known, `${alert}: ${name}`).toContain(name.replace(/_bucket$/, ''));
    }
    for (const { name } of ofSystem) expect(expr, alert).not.toMatch(new RegExp(`sum[^(]*\\((?:rate\\()?${name}`));
  }
});

it('the runbook has no section for an alert that is gone', () => {
  const sections = [...runbook.matchAll(/^## (\S+)$/gm)].map(([, name = '']) => name);
  expect(sections.filter((name) => !rules.some(({ alert }) => alert === name))).toEqual([]);
});

it('S066, S067, S068, S543, S547: the jobs, the rules and Alertmanager stand in prometheus.yml', () => {
  const config: unknown = parse(readRepositoryFile('infrastructure/prometheus/prometheus.yml'));
  expect(config).toMatchObject({
    rule_files: ['alert-rules.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: ['alertmanager:9093'] }] }] },
    scrape_configs: expect.arrayContaining([
      expect.objectContaining({ job_name: 'rlapp-api', scrape_interval: '5s' }),
      expect.objectContaining({ job_name: 'relay', static_configs: [{ targets: ['relay:8081'] }] }),
      expect.objectContaining({ job_name: 'projector', static_configs: [{ targets: ['projector:8082'] }] }),
      expect.objectContaining({ job_name: 'postgres', static_configs: [{ targets: ['postgres_exporter:9187'] }] }),
      expect.objectContaining({ job_name: 'rabbitmq', static_configs: [{ targets: ['rabbitmq:15692'] }] }),
      expect.objectContaining({ job_name: 'node' }),
    ]) as unknown,
  });
});
