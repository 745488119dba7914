import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../../scripts/development-tool.ts';
import { findPrometheus } from '../support/prometheus-install.ts';
import { repositoryPaths } from '../unit/repository/repository-files.ts';

function check(tool: 'promtool' | 'amtool', ...args: readonly string[]): void {
  const program = findPrometheus()?.[tool] ?? tool;
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: repository, encoding: 'utf8' });
  expect(status, `${stdout}\n${stderr}`).toBe(0);
}

const folder = 'infrastructure/prometheus';

it('S547: the tools that come with them find nothing wrong in the files of Prometheus and Alertmanager', () => {
  check('promtool', 'check', 'config', path.join(folder, 'prometheus.yml'));
  check('promtool', 'check', 'rules', '--lint-fatal', path.join(folder, 'alert-rules.yml'));
  check('amtool', 'check-config', 'infrastructure/alertmanager/alertmanager.yml');
});

it('S139–S143, S544–S546, O16, D04: every alert keeps silent, fires and resolves when its unit tests say so', () => {
  const files = repositoryPaths(`${folder}/tests/*.yml`);
  expect(files.length).toBeGreaterThan(0);
  check('promtool', 'test', 'rules', ...files);
});
