import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { repository } from '../../scripts/development-tool.ts';
import { readRepositoryFile } from '../unit/repository/repository-files.ts';

const run = promisify(execFile);

/** What the tests look at in a service. */
export interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly target?: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, { readonly aliases?: readonly string[] } | null>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** The file as it is written, with its anchors put in. */
export function composeFile(text = readRepositoryFile('docker-compose.yml')): ComposeFile {
  return parse(text, { merge: true }) as ComposeFile;
}

/** The names that .env.template has for Docker Compose; all of them are secrets and empty there. */
export function composeSecrets(): readonly string[] {
  const [, part = ''] = readRepositoryFile('.env.template').split('# --- Docker Compose');
  return [...part.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = '']) => name);
}

/** A value for each of them, as `openssl rand -hex 24` makes it. */
export function exampleSecrets(): Record<string, string> {
  return Object.fromEntries(
    composeSecrets().map((name) => [name, `${Buffer.from(name).toString('hex')}0123456789abcdef0123456789abcdef`]),
  );
}

/** What `docker-compose config` makes of the file with an .env. Rejects with what it says when it refuses. */
export async function composeConfig(
  env: Readonly<Record<string, string>>,
  file = 'docker-compose.yml',
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-compose-'));
  try {
    const envFile = path.join(folder, '.env');
    await writeFile(
      envFile,
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const { stdout } = await run('/usr/bin/docker-compose', ['-f', file, '--env-file', envFile, 'config'], {
      cwd: repository,
      env: { PATH: '/usr/bin:/bin', HOME: folder },
    });
    return stdout;
  } catch (error) {
    throw new Error(error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error), {
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
