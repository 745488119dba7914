import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { MillraceError } from '../errors.ts';
import { closedParent, type SystemAccount } from './system-account.ts';
import { readIfThere, writeWholeFile } from './whole-file.ts';

/**
 * Where the server's files really are. Mostly that is the wished folder. Started by root, the server runs as an
 * unprivileged account, and below a home that only root may enter that account reaches nothing; then the files live in
 * a reachable folder, and the wished folder keeps a pointer to it.
 */

/** Names inside the folders. One table, so that every part looks in the same place. */
export const fileNames = {
  /** In the wished folder: where the files are instead. */
  pointer: 'location',
  /** In a reachable folder: the wished folder it belongs to. */
  belongsTo: 'belongs-to',
  cluster: 'postgres',
  password: 'postgres.password',
  port: 'postgres.port',
  log: 'postgres.log',
  locks: 'locks',
} as const;

/** Folder for files that cannot live in the wished one. Survives reboots, unlike the folders for temporary files. */
export const reachableFolder = '/var/lib/millrace';

export interface Placement {
  /** The wished folder, as a real path. */
  readonly wished: string;
  /** The folder that holds cluster, password, log and locks; equal to `wished` unless moved. */
  readonly home: string;
  /** A folder for copied programs that the server's account can reach. */
  readonly copies: string;
}

const exists = (file: string) =>
  lstat(file).then(
    () => true,
    () => false,
  );

/** A folder of ours that the server's account has to pass through. A strict umask must not close it. */
async function makePassable(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { mode } = await stat(folder);
  if ((mode & 0o011) !== 0o011) await chmod(folder, (mode & 0o777) | 0o011);
}

function refuse(message: string): MillraceError {
  return new MillraceError('POSTGRES_START_FAILED', message);
}

/** Follows the pointer of a wished folder. Answers the folder itself when there is none. */
export async function locateHome(dataFolder: string): Promise<string> {
  const pointed = (await readIfThere(path.join(dataFolder, fileNames.pointer)))?.trim();
  return pointed ? pointed : path.resolve(dataFolder);
}

async function checkPointed(wished: string, home: string): Promise<void> {
  if (!(await exists(home))) {
    // Beginning with an empty database here would look like lost data.
    throw refuse(
      `The data of ${wished} was kept in ${home}, and that folder is gone. Put it back, ` +
        `or delete ${path.join(wished, fileNames.pointer)} to begin with an empty database.`,
    );
  }
  const owner = (await readIfThere(path.join(home, fileNames.belongsTo)))?.trim();
  if (owner === undefined || owner === wished) return;
  const ownerPoints = await locateHome(owner).catch(() => undefined);
  if (ownerPoints === home) {
    throw refuse(
      `${wished} was copied from ${owner}, and both point to the data in ${home}. ` +
        `Delete ${path.join(wished, fileNames.pointer)} to begin with an empty database.`,
    );
  }
  await writeWholeFile(path.join(home, fileNames.belongsTo), `${wished}\n`, { mode: 0o644 }); // it was moved
}

/** Data that an earlier folder of the same path left behind: never used again by itself, and never deleted by us. */
async function reportLeftData(base: string, prefix: string, wished: string, report: (line: string) => void) {
  for (const name of await readdir(base)) {
    const folder = path.join(base, name);
    if (!name.startsWith(prefix)) continue;
    if ((await readIfThere(path.join(folder, fileNames.belongsTo)))?.trim() === wished) {
      report(`Data of an earlier ${wished} lies in ${folder}; delete it when nobody needs it.`);
    }
  }
}

/**
 * Decides where the files go and makes the folders. Reports the real path when it is not the wished one.
 * @param reachable base folder for files that cannot live in the wished folder
 */
export async function placeFiles(
  dataFolder: string,
  account: SystemAccount | undefined,
  report: (line: string) => void,
  reachable: string = reachableFolder,
): Promise<Placement> {
  await mkdir(dataFolder, { recursive: true });
  const wished = await realpath(dataFolder);

  const pointed = await locateHome(wished);
  if (pointed !== wished) {
    await checkPointed(wished, pointed);
    report(`The data of ${wished} is kept in ${pointed}.`);
    return { wished, home: pointed, copies: reachable };
  }
  if (!account) return { wished, home: wished, copies: path.join(wished, 'programs') };

  const closed = await closedParent(wished, account);
  if (closed === undefined) {
    await makePassable(wished);
    return { wished, home: wished, copies: reachable };
  }
  if (await exists(path.join(wished, fileNames.cluster))) {
    throw refuse(
      `The data in ${wished} cannot be reached by the account ${account.name}, which PostgreSQL runs as when root ` +
        `starts Millrace: it may not enter ${closed}. Open that folder (chmod a+x), move the data, or start as its owner.`,
    );
  }

  await makePassable(reachable);
  const closedBase = await closedParent(path.join(reachable, 'x'), account);
  if (closedBase !== undefined) {
    throw refuse(
      `The account ${account.name}, which PostgreSQL runs as when root starts Millrace, may enter neither ${closed} ` +
        `nor ${closedBase}. Set MILLRACE_DATA to a folder that it can reach.`,
    );
  }
  // The name tells people whose data it is. It ends with chance: a deleted wished folder must not bring old data back.
  const hash = createHash('sha256').update(wished).digest('hex').slice(0, 8);
  const project = path.basename(path.dirname(wished)).replaceAll(/[^\w.-]/g, '_') || 'root';
  const prefix = `${project}-${hash}-`;
  await reportLeftData(reachable, prefix, wished, report);
  const home = path.join(reachable, prefix + randomBytes(3).toString('hex'));
  await makePassable(home);
  await writeWholeFile(path.join(home, fileNames.belongsTo), `${wished}\n`, { mode: 0o644 });
  await writeWholeFile(path.join(wished, fileNames.pointer), `${home}\n`, { mode: 0o644 });
  report(`The account ${account.name} may not enter ${closed}, so the data of ${wished} is kept in ${home}.`);
  return { wished, home, copies: reachable };
}
