import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { MillraceError } from '../errors.ts';

/** Counts up when the files of a backup change their meaning. */
export const backupFormat = 1;

const table = Type.Object({
  database: Type.Union([Type.Literal('event-store'), Type.Literal('read-models')]),
  schema: Type.String(),
  name: Type.String(),
  columns: Type.Array(Type.String()),
  /** The gzipped output of COPY, beside the manifest. */
  file: Type.String({ pattern: '^[A-Za-z0-9_.-]+$' }),
  bytes: Type.Integer(),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  rows: Type.Integer(),
  /** The sum of a 64-bit hash of every row, so that it does not depend on their order. */
  hash: Type.String({ pattern: '^-?[0-9]+$' }),
});

const build = Type.Object({
  projection: Type.String(),
  generation: Type.Integer({ minimum: 1 }),
  position: Type.Integer({ minimum: 0 }),
  eventId: Type.Union([Type.String(), Type.Null()]),
  incarnation: Type.Union([Type.String(), Type.Null()]),
  fingerprint: Type.Union([Type.String(), Type.Null()]),
  /** Which schema file made its tables. */
  shape: Type.Union([Type.String(), Type.Null()]),
});

const manifest = Type.Object({
  format: Type.Integer(),
  millrace: Type.String(),
  system: Type.String(),
  begunAt: Type.String(),
  endedAt: Type.String(),
  /** The position of the last event that is in it. */
  head: Type.Integer({ minimum: 0 }),
  builds: Type.Array(build),
  tables: Type.Array(table),
});

/** What is in a backup, and how to know that it is whole. Written last: a folder without it is no backup. */
export type BackupManifest = Static<typeof manifest>;
export type TableBackup = Static<typeof table>;
export type BuildBackup = Static<typeof build>;

export const manifestName = 'manifest.json';

/** Reads and checks the manifest. Throws BACKUP_DAMAGED when there is none, or none that this program understands. */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const file = join(folder, manifestName);
  let found: unknown;
  try {
    found = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new MillraceError('BACKUP_DAMAGED', `${file} is not there or cannot be read: no whole backup lies here.`, {
      cause,
    });
  }
  if (!Value.Check(manifest, found)) {
    const [problem] = Value.Errors(manifest, found);
    throw new MillraceError('BACKUP_DAMAGED', `${file}: ${problem?.instancePath ?? ''} ${problem?.message ?? ''}.`);
  }
  if (found.format !== backupFormat) {
    throw new MillraceError(
      'BACKUP_DAMAGED',
      `${file} has format ${found.format}; this program reads format ${backupFormat}.`,
    );
  }
  return found;
}

/** Compares a file with what the manifest says. Throws BACKUP_DAMAGED with its name. */
export async function checkFile(folder: string, { file, sha256 }: TableBackup): Promise<void> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(join(folder, file)), hash);
  } catch (cause) {
    throw new MillraceError('BACKUP_DAMAGED', `${file} of the backup cannot be read.`, { cause });
  }
  if (hash.digest('hex') !== sha256) {
    throw new MillraceError('BACKUP_DAMAGED', `${file} of the backup is not what was written.`);
  }
}
