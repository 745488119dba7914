import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const library = '/usr/lib/rabbitmq/lib';
/** Five minutes for the package, and no questions. */
const installWithinMs = 300_000;

/** Where Debian's RabbitMQ and what it needs are. */
export interface RabbitMqInstallation {
  /** The versioned folder of its programs. The wrappers in /usr/sbin change folder and user, and are of no use here. */
  readonly programs: string;
  readonly epmd: string;
  /** Undefined when this process is not root: the node then runs as this account. */
  readonly account: { readonly uid: number; readonly gid: number } | undefined;
}

/** Debian's RabbitMQ; undefined when it is not installed. */
export function findRabbitMq(): RabbitMqInstallation | undefined {
  const [version] = existsSync(library)
    ? readdirSync(library)
        .filter((name) => name.startsWith('rabbitmq_server-'))
        .sort()
        .toReversed()
    : [];
  const epmd = '/usr/bin/epmd';
  if (version === undefined || !existsSync(epmd) || !existsSync('/usr/bin/setpriv')) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'rabbitmq'], { encoding: 'utf8' }));
  const account = process.getuid?.() === 0 ? { uid: id('-u'), gid: id('-g') } : undefined;
  return { programs: path.join(library, version, 'sbin'), epmd, account };
}

/** Installs the Debian package. False when this is not Debian, the account is not root, or it fails. */
export function installRabbitMq(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  process.stderr.write('Installing the Debian package rabbitmq-server.\n');
  // The package would start a node and its epmd by itself, where a policy does not forbid it.
  const apt = (...args: readonly string[]) =>
    spawnSync('apt-get', ['-qq', '-y', '--no-install-recommends', ...args], {
      stdio: ['ignore', 2, 2],
      timeout: installWithinMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    }).status === 0;
  return apt('update') && apt('install', 'rabbitmq-server') && findRabbitMq() !== undefined;
}
