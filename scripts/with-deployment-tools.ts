import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { findKustomize } from '../test/deployment/kustomize.ts';
import { findRabbitMq, installRabbitMq } from '../test/support/rabbitmq-install.ts';
import { repository, runTool } from './development-tool.ts';

/**
 * Runs the tests of what is installed on servers: the lines of the Dockerfile as processes of this machine, Docker Compose,
 * kubernetes, swarm, and the settings of PostgreSQL and RabbitMQ. No container engine is needed. Run as root, it installs
 * what is missing. Arguments go on to Vitest.
 *
 *     npm run test:deployment
 *     npm run test:deployment -- test/deployment/compose     one file
 *
 * Exits with 69 when something it needs is not there and cannot be installed.
 */

/** EX_UNAVAILABLE of sysexits.h: .ci/run lists the suite as not run. */
const unavailable = 69;
const withinMs = 300_000;

const missing = [
  has('/usr/bin/docker-compose') || installDebian('docker-compose') ? undefined : 'docker-compose',
  hasPostgres() || installPostgres() ? undefined : "Debian's PostgreSQL 15",
  findRabbitMq() !== undefined || installRabbitMq() ? undefined : "Debian's RabbitMQ",
  findKustomize() !== undefined || installKustomize() ? undefined : 'kustomize 5',
].filter((name) => name !== undefined);

if (missing.length === 0) {
  process.exitCode = await runTool('vitest', ['run', '--project', 'deployment', ...process.argv.slice(2)]);
} else {
  process.stderr.write(`NOT RUN: the tests of the deployment. What is missing: ${missing.join(', ')}.\n`);
  process.exitCode = unavailable;
}

function has(file: string): boolean {
  return existsSync(file);
}

function hasPostgres(): boolean {
  return has('/usr/lib/postgresql/15/bin/postgres') && has('/usr/bin/psql');
}

/** Without the cluster that Debian's package would make and start by itself. */
function installPostgres(): boolean {
  if (process.getuid?.() !== 0 || !has('/usr/bin/apt-get')) return false;
  mkdirSync('/etc/postgresql-common/createcluster.d', { recursive: true });
  writeFileSync('/etc/postgresql-common/createcluster.d/millrace-tests.conf', 'create_main_cluster = false\n');
  return installDebian('postgresql-15', 'postgresql-client-15') && hasPostgres();
}

/** With Go, into a folder of its own: Debian's kubectl brings a kustomize that is too old. */
function installKustomize(): boolean {
  const folder = path.join(repository, 'node_modules', '.cache', 'kustomize');
  const program = path.join(folder, 'kustomize');
  const wanted = 'sigs.k8s.io/kustomize/kustomize/v5@v5.4.3';
  process.stderr.write('Building kustomize with Go.\n');
  const options = { stdio: ['ignore', 2, 2] as ['ignore', number, number], timeout: withinMs };
  if (!has(program)) spawnSync('go', ['install', wanted], { ...options, env: { ...process.env, GOBIN: folder } });
  process.env['MILLRACE_TEST_KUSTOMIZE'] = program;
  return findKustomize() !== undefined;
}

function installDebian(...packages: readonly string[]): boolean {
  if (process.getuid?.() !== 0 || !has('/usr/bin/apt-get')) return false;
  process.stderr.write(`Installing the Debian packages ${packages.join(', ')}.\n`);
  const apt = (...args: readonly string[]) =>
    spawnSync('apt-get', ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      stdio: ['ignore', 2, 2],
      timeout: withinMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    }).status === 0;
  return apt('update') && apt('install', ...packages);
}
