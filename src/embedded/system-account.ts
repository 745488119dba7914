import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { MillraceError } from '../errors.ts';

/** An unprivileged account that the server runs as. PostgreSQL refuses to run as root. */
export interface SystemAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The accounts that are asked for, in this order. */
const candidates = ['postgres', 'nobody'];

/**
 * The account for the server: `undefined` for an ordinary user (the server runs as that user). For root it is the owner
 * of a cluster that is there already, and otherwise `postgres` or `nobody`. Only existing accounts are used.
 */
export async function serverAccount(cluster?: string): Promise<SystemAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const made = cluster === undefined ? undefined : await stat(cluster).catch(() => undefined);
  if (made && made.uid !== 0) return { name: `number ${made.uid}`, uid: made.uid, gid: made.gid };
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  for (const name of candidates) {
    const [, , uid, gid] = lines.find((fields) => fields[0] === name) ?? [];
    // macOS writes nobody as -2.
    if (uid !== undefined && gid !== undefined && Number(uid) !== 0) {
      return { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
    }
  }
  throw new MillraceError(
    'POSTGRES_START_FAILED',
    `PostgreSQL does not run as root, and this machine has no account named ${candidates.join(' or ')} to run it as. ` +
      'Start Millrace as an ordinary user, or set EVENT_STORE_URL and READ_MODELS_URL to a server of yours.',
  );
}

const bits = { read: 4, enter: 1 } as const;

async function permits(file: string, account: SystemAccount, needed: number): Promise<boolean> {
  const { mode, uid, gid } = await stat(file);
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
  return ((mode >> shift) & needed) === needed;
}

/** The first parent folder of a path that the account may not enter, or `undefined` when it can reach the path. */
export async function closedParent(target: string, account: SystemAccount): Promise<string | undefined> {
  const parents: string[] = [];
  for (let folder = path.dirname(target); ; folder = path.dirname(folder)) {
    parents.unshift(folder);
    if (folder === path.dirname(folder)) break;
  }
  for (const parent of parents) {
    if (!(await permits(parent, account, bits.enter))) return parent;
  }
  return undefined;
}

/** May the account read and run this file, and reach it? */
export async function canRun(file: string, account: SystemAccount): Promise<boolean> {
  return (await closedParent(file, account)) === undefined && (await permits(file, account, bits.read | bits.enter));
}
