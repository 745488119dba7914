import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { findRabbitMq } from './rabbitmq-install.ts';

/** Debian's exporters, and what they tell about. */
export const exporters = {
  node: '/usr/bin/prometheus-node-exporter',
  postgres: '/usr/bin/prometheus-postgres-exporter',
} as const;

const packages: readonly (readonly [name: string, isThere: () => boolean])[] = [
  ['prometheus-node-exporter', () => existsSync(exporters.node)],
  ['prometheus-postgres-exporter', () => existsSync(exporters.postgres)],
  ['rabbitmq-server', () => findRabbitMq() !== undefined],
  ['postgresql-15', () => existsSync('/usr/lib/postgresql/15/bin/postgres')],
];
/** Five minutes for the packages, and no questions. */
const installWithinMs = 300_000;

/** Names of the Debian packages that the dashboards' test needs and that are not there. */
export const missingExporters = (): readonly string[] =>
  packages.filter(([, isThere]) => !isThere()).map(([name]) => name);

/** Installs what is missing. False when this is not Debian, the account is not root, or it fails. */
export function installExporters(): boolean {
  const missing = missingExporters();
  if (missing.length === 0) return true;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  process.stderr.write(`Installing the Debian packages ${missing.join(', ')}.\n`);
  // Debian's PostgreSQL would make and start a cluster by itself, and the others a service where no policy forbids it.
  mkdirSync('/etc/postgresql-common/createcluster.d', { recursive: true });
  writeFileSync('/etc/postgresql-common/createcluster.d/millrace-tests.conf', 'create_main_cluster = false\n');
  const apt = (...args: readonly string[]) =>
    spawnSync('apt-get', ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      stdio: ['ignore', 2, 2],
      timeout: installWithinMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    }).status === 0;
  return apt('update') && apt('install', ...missing) && missingExporters().length === 0;
}
