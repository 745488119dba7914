import { describe, expect, test } from 'vitest';
import { metricTable } from '../../src/telemetry/metric-table.ts';
import { composeFile, composeSecrets } from './compose-file.ts';
import {
  headingsBelow,
  inlineCommands,
  isRun,
  needsMore,
  queries,
  shellCommands,
  statements,
} from './guide-commands.ts';
import { readRepositoryFile } from '../unit/repository/repository-files.ts';

const guide = readRepositoryFile('docs/DEPLOYMENT_GUIDE.md');

describe('S294: docs/DEPLOYMENT_GUIDE.md', () => {
  test.each([
    ['S295', 'Architecture overview'],
    ['S296', 'Quick start in 5 steps'],
    ['S297', 'Monitoring and dashboards'],
    ['S298', 'Event flow deep dive'],
    ['S299', 'Troubleshooting'],
    ['S300', 'Performance tuning'],
    ['S301', 'Production checklist'],
    ['S574', 'References'],
  ])('%s: has a section "%s"', (_, title) => {
    expect(guide).toContain(`\n## ${title}\n`);
  });

  test('S296: five steps, S299: the eight scenarios of docs/troubleshooting.md, S300: four areas', () => {
    const steps = guide.split('\n## Quick start in 5 steps\n')[1]?.split('\n## ')[0] ?? '';
    expect(steps.match(/^\d\. /gm)).toEqual(['1. ', '2. ', '3. ', '4. ', '5. ']);
    const scenarios = [...readRepositoryFile('docs/troubleshooting.md').matchAll(/^## (\d)\. /gm)].map(
      ([, number]) => number,
    );
    expect(headingsBelow('Troubleshooting').map((title) => title[0])).toEqual(scenarios);
    expect(scenarios).toHaveLength(8);
    expect(headingsBelow('Performance tuning')).toHaveLength(4);
  });

  test('every command is run by images.test.ts, or has a reason not to be that is still needed', () => {
    expect(shellCommands.filter(isRun).length).toBeGreaterThan(10);
    expect(inlineCommands.filter(isRun)).toEqual([]);
    const all = [...shellCommands, ...inlineCommands];
    expect(Object.keys(needsMore).filter((start) => !all.some((one) => one.startsWith(start)))).toEqual([]);
  });

  test('services that its commands name are those of docker-compose.yml', () => {
    const named = [
      ...guide.matchAll(/docker-compose (?:exec -T(?: -e \S+)?|logs(?: --tail \d+)?|restart|ps) ([a-z][\w-]+)/g),
    ];
    expect(named.length).toBeGreaterThan(8);
    expect(named.map(([, name = '']) => name).filter((name) => !(name in composeFile().services))).toEqual([]);
  });

  test('S453, S454, S455, S456: queries name metrics that there are, S462–S465: statements are found', () => {
    const metrics = Object.values(metricTable).map(({ name }) => name);
    expect(queries).toHaveLength(4);
    for (const query of queries)
      expect(
        metrics.some((name) => query.includes(name)),
        query,
      ).toBe(true);
    expect(statements.length).toBeGreaterThan(6);
  });

  test('every secret of Docker Compose is explained', () => {
    expect(composeSecrets().filter((name) => !guide.includes(name))).toEqual([]);
  });

  test('S513: the polling interval is not made longer against lag', () => {
    expect(guide).toMatch(/\*\*decrease\*\* the polling interval/);
  });
});
