import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { runTool } from './development-tool.ts';

/**
 * Runs the suites of store, broker and consumers on the oldest PostgreSQL that is supported: Debian's 15, in a cluster
 * of its own that is thrown away. Run as root, it installs the package when it is missing.
 *
 *     npm run test:postgres15
 *     MILLRACE_TEST_POSTGRES_URL=postgres://… npm run test:postgres15      uses that server, whatever its version
 *     npm run test:postgres15 -- test/store                               some suites only
 *
 * Exits with 69 when there is no PostgreSQL 15 and none can be installed.
 */

const postgres = '/usr/lib/postgresql/15/bin/postgres';
/** EX_UNAVAILABLE of sysexits.h. */
const unavailable = 69;
const folders = ['test/store', 'test/conformance', 'test/consumers'];

const given = process.env['MILLRACE_TEST_POSTGRES_URL'];
if (given !== undefined && given !== '') {
  process.exitCode = await runSuites(given);
} else if (existsSync(postgres) || installPostgres()) {
  const { startDebianCluster } = await import('../test/support/debian-cluster.ts');
  const cluster = await startDebianCluster();
  try {
    process.exitCode = await runSuites(cluster.url);
  } finally {
    await cluster.stop();
  }
} else {
  process.stderr.write('There is no PostgreSQL 15: install the Debian package postgresql-15, or run this as root.\n');
  process.exitCode = unavailable;
}

function runSuites(url: string): Promise<number> {
  const named = process.argv.slice(2);
  const filters = named.some((word) => !word.startsWith('-')) ? named : [...folders, ...named];
  return runTool('vitest', ['run', '--project', 'embedded', ...filters], { env: { MILLRACE_TEST_POSTGRES_URL: url } });
}

/** Installs Debian's package without the cluster that it would make and start by itself. */
function installPostgres(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  process.stderr.write('Installing the Debian package postgresql-15.\n');
  if (!apt('update') || !apt('install', 'postgresql-common')) return false;
  mkdirSync('/etc/postgresql-common/createcluster.d', { recursive: true });
  writeFileSync('/etc/postgresql-common/createcluster.d/millrace-tests.conf', 'create_main_cluster = false\n');
  return apt('install', 'postgresql-15') && existsSync(postgres);
}

function apt(...args: readonly string[]): boolean {
  const { status } = spawnSync('apt-get', ['-qq', '-y', '--no-install-recommends', ...args], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}
