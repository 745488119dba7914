import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';

/** Where Debian's Prometheus and Alertmanager are, with their tools. */
export interface PrometheusInstallation {
  readonly prometheus: string;
  readonly promtool: string;
  readonly alertmanager: string;
  readonly amtool: string;
}

const installation: PrometheusInstallation = {
  prometheus: '/usr/bin/prometheus',
  promtool: '/usr/bin/promtool',
  alertmanager: '/usr/bin/prometheus-alertmanager',
  amtool: '/usr/bin/amtool',
};
/** Five minutes for the packages, and no questions. */
const installWithinMs = 300_000;

/** Debian's Prometheus and Alertmanager; undefined when one of them is not installed. */
export function findPrometheus(): PrometheusInstallation | undefined {
  const { prometheus, promtool, alertmanager, amtool } = installation;
  return [prometheus, promtool, alertmanager, amtool].every((program) => existsSync(program))
    ? installation
    : undefined;
}

/** Installs the Debian packages. False when this is not Debian, the account is not root, or it fails. */
export function installPrometheus(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  process.stderr.write('Installing the Debian packages prometheus and prometheus-alertmanager.\n');
  // The packages would start services by themselves, where a policy does not forbid it.
  const apt = (...args: readonly string[]) =>
    spawnSync('apt-get', ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      stdio: ['ignore', 2, 2],
      timeout: installWithinMs,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    }).status === 0;
  return apt('update') && apt('install', 'prometheus', 'prometheus-alertmanager') && findPrometheus() !== undefined;
}
