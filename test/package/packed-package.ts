import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { repository } from '../../scripts/development-tool.ts';

const run = promisify(execFile);

/** A folder outside the repository in which the package was installed from its tarball. */
export interface ForeignFolder {
  readonly folder: string;
  /** The files of the tarball, without the leading `package/`. */
  readonly packedFiles: readonly string[];
  /** Runs a Node program there and gives its output. Rejects when it fails. */
  node(...args: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

/** What the surrounding `npm test` tells its children about this repository must not reach another npm. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  const own = /^npm_(package|lifecycle)_|^npm_config_local_prefix$|^INIT_CWD$|^VITEST|^NODE_ENV$/i;
  const entries = Object.entries(process.env).filter(([name]) => !own.test(name));
  return { ...Object.fromEntries(entries), NO_COLOR: '1' };
}

/** Packs this repository as npm would publish it, and installs the tarball in a copy of a project that has nothing else. */
export async function installPackedPackage(original: string): Promise<ForeignFolder> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'millrace-package-'));
  await chmod(folder, 0o755); // started by root, PostgreSQL runs as another account and has to reach its programs
  const env = foreignEnvironment();
  const packed = path.join(folder, 'packed');
  const project = path.join(folder, 'project');
  try {
    await Promise.all([mkdir(packed), cp(original, project, { recursive: true })]);
    await run('npm', ['pack', '--silent', '--pack-destination', packed], { cwd: repository, env });
    const [tarball] = await readdir(packed);
    if (tarball === undefined) throw new Error('npm pack wrote nothing.');
    const file = path.join(packed, tarball);
    // What npm ci has just fetched is in npm's cache; the registry is asked for the rest only.
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', file];
    await run('npm', install, { cwd: project, env });
    const listed = await run('tar', ['-tzf', file]);
    return {
      folder: project,
      packedFiles: listed.stdout
        .trim()
        .split('\n')
        .map((name) => name.replace(/^package\//, '')),
      node: async (...args) => (await run(process.execPath, args, { cwd: project, env })).stdout,
      remove: () => rm(folder, { recursive: true, force: true }),
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
