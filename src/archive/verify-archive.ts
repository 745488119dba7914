import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import type { LogNames } from '../postgres/log-names.ts';
import type { ArchiveVerification } from './archive.ts';
import type { ArchiveFolder } from './archive-folder.ts';

interface FileRow {
  readonly id: number;
  readonly name: string;
  readonly events: number;
  readonly sha256: string;
}

interface IndexRow {
  readonly position: string;
  readonly event_id: string;
  readonly place: string;
  readonly bytes: number;
  readonly checksum: number;
}

/** Reads every archive file and compares it with the record, and counts that no event is missing and none is there twice. */
export async function verifyArchive(
  pool: pg.Pool,
  names: LogNames,
  folder: ArchiveFolder,
  onFile: (name: string) => void = () => undefined,
): Promise<ArchiveVerification> {
  const problems: string[] = [];
  const files = await pool.query<FileRow>(
    `select id, name, events, sha256 from archive_files where state = 'archived' order by id`,
  );
  for (const file of files.rows) {
    onFile(file.name);
    try {
      problems.push(...(await problemsOf(pool, folder, file)));
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      problems.push(error.message);
    }
  }
  const counted = await pool.query<{ in_log: string; archived: string; indexed: string; both: string; head: string }>(
    `select (select count(*) from ${names.events}) as in_log, (select count(*) from archived_events) as archived,
       (select coalesce(sum(cardinality(positions)), 0) from archived_streams) as indexed,
       (select count(*) from archived_events a join ${names.events} e on e.position = a.position) as both,
       (select coalesce(max(position), 0) from ${names.events}) as head`,
  );
  const [inLog = 0, archived = 0, indexed = 0, both = 0, head = 0] = [
    'in_log',
    'archived',
    'indexed',
    'both',
    'head',
  ].map((name) => Number(new Map(Object.entries(counted.rows[0] ?? {})).get(name)));
  const recorded = files.rows.reduce((sum, file) => sum + file.events, 0);
  if (inLog + archived !== head) {
    problems.push(`The log has ${inLog} events and the archive ${archived}, and the last position is ${head}.`);
  }
  if (archived !== recorded || archived !== indexed) {
    problems.push(`The index has ${archived} archived events, its streams ${indexed}, its files ${recorded}.`);
  }
  if (both > 0) problems.push(`${both} events are in the log and archived.`);
  const known = await pool.query<{ name: string }>('select name from archive_files');
  const recordedNames = new Set(
    known.rows.flatMap(({ name }) => [name, `${name}.partial`, `${name}.manifest.json.partial`]),
  );
  const unknownFiles = (await folder.list()).filter((name) => !recordedNames.has(name));
  return { files: files.rows.length, events: archived, inLog, lastPosition: head, problems, unknownFiles };
}

async function problemsOf(pool: pg.Pool, folder: ArchiveFolder, file: FileRow): Promise<string[]> {
  const back = await folder.readBack(file.name);
  const problems: string[] = [];
  const wrong = (what: string) => problems.push(`The archive file ${file.name} is damaged: ${what}.`);
  if (back.sha256 !== file.sha256) wrong('its hash is not the recorded one');
  const manifest = await folder.readManifest(file.name);
  const hash = typeof manifest === 'object' && manifest !== null && 'sha256' in manifest ? manifest.sha256 : undefined;
  if (hash !== file.sha256) wrong('its manifest tells another hash');
  const index = await pool.query<IndexRow>(
    'select position, event_id, place, bytes, checksum from archived_events where file_id = $1 order by position',
    [file.id],
  );
  const places = new Map(back.places.map((place) => [place.position, place]));
  const lost = index.rows.filter((row) => {
    const place = places.get(Number(row.position));
    return (
      place?.id !== row.event_id ||
      place.offset !== Number(row.place) ||
      place.length !== row.bytes ||
      place.checksum !== row.checksum
    );
  });
  if (lost.length > 0)
    wrong(`${lost.length} events are not where the index says, the first at position ${lost[0]?.position}`);
  if (index.rows.length !== back.places.length) {
    wrong(`it has ${back.places.length} events and the index ${index.rows.length}`);
  }
  return problems;
}
