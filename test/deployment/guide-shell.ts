import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repository } from '../../scripts/development-tool.ts';
import type { InsideCommand } from './image-replay.ts';
import { findKustomize } from './kustomize.ts';

/** How a command of the guide ended. */
export interface GuideOutcome {
  readonly command: string;
  readonly code: number;
  readonly output: string;
}

/** What a service's programs are run with: `docker-compose exec <service> <program> …`. */
export type Services = Readonly<Record<string, (program: string) => InsideCommand>>;

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Runs commands one after the other in one shell, as somebody types them in a clone. There `docker-compose exec` reaches processes of
 * this machine instead of containers, and `docker-compose config` is the real one. Everything else of an engine fails.
 */
export async function runInGuideShell(
  commands: readonly string[],
  services: Services,
  programs: Readonly<Record<string, readonly string[]>>,
  apiPort: number,
): Promise<readonly GuideOutcome[]> {
  const home = await mkdtemp(path.join(tmpdir(), 'millrace-guide-'));
  const clone = path.join(home, 'clone');
  const bin = path.join(home, 'bin');
  try {
    await mkdir(bin);
    await chmod(home, 0o755);
    for (const name of ['.env.template', 'docker-compose.yml', 'infrastructure', 'k8s', 'swarm']) {
      await cp(path.join(repository, name), path.join(clone, name), { recursive: true, verbatimSymlinks: true });
    }
    const cases = Object.entries(services).flatMap(([service, run]) =>
      (programs[service] ?? []).map((program) => {
        const { program: first, args, options } = run(program);
        const env = Object.entries(options.env).map(([name, value]) => quoted(`${name}=${value ?? ''}`));
        const words = [first, ...args].map(quoted).join(' ');
        return `  '${service} ${program}') cd ${quoted(options.cwd)} && exec env -i ${env.join(' ')} "\${given[@]}" ${words} "$@" ;;`;
      }),
    );
    await writeProgram(
      path.join(bin, 'docker-compose'),
      `[ "$1" = config ] && exec /usr/bin/docker-compose "$@"
[ "$1 $2" = 'exec -T' ] || { echo "needs an engine: $*" >&2; exit 90; }
shift 2
given=()
while [ "$1" = -e ]; do given+=("$2"); shift 2; done
key="$1 $2"
shift 2
case "$key" in
${cases.join('\n')}
  *) echo "no such program: $key" >&2; exit 91 ;;
esac`,
    );
    const [program = '', verb = ''] = findKustomize() ?? [];
    await writeProgram(
      path.join(bin, 'kubectl'),
      `[ "$1" = kustomize ] || { echo "needs a cluster: $*" >&2; exit 90; }
shift
PATH=\${PATH#*:} exec ${quoted(program)} ${verb} "$@"`,
    );
    const script = commands.map((command) => {
      const here = command.replaceAll('localhost:5000', `127.0.0.1:${apiPort}`);
      return `${here}\nprintf '\\n@@ %s\\n' "$?"\n`;
    });
    const file = path.join(home, 'commands.sh');
    await writeFile(file, `exec 2>&1\n${script.join('')}`);
    const shell = spawn('/bin/bash', [file], {
      cwd: clone,
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = await collect(shell);
    const parts = output.split(/\n@@ (\d+)\n/);
    return commands.map((command, index) => ({
      command,
      code: Number(parts[index * 2 + 1] ?? 99),
      output: parts[index * 2] ?? '',
    }));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function writeProgram(file: string, text: string): Promise<void> {
  return writeFile(file, `#!/bin/bash\n${text}\n`, { mode: 0o755 });
}

function collect(child: ReturnType<typeof spawn>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  }
  child.once('error', reject);
  child.once('close', () => resolve(output));
  return promise;
}
