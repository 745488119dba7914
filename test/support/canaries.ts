import { createHash } from 'node:crypto';
import pg from 'pg';

/** Words about people that stand nowhere else, so that each place where one turns up tells what leaked there. */
export const canaries = {
  name: 'Xanthippe Quillfeather',
  otherName: 'Barnabas Wigglesworth',
  patientId: 'CANARY-7Q-0042',
  otherId: 'CANARY-8R-0043',
  notes: 'zwieback rash, left elbow',
  speciality: 'Lullaby podiatry',
  cancelReason: 'gallivanting abroad',
  priorityReason: 'flummoxed and pale',
  waiveReason: 'bamboozled by the bank',
  staffName: 'Ignatz Umberglow',
} as const;
export type Canary = keyof typeof canaries;

const wordOf: { readonly [canary in Canary]: RegExp } = {
  name: /xanthippe|quillfeather/i,
  otherName: /barnabas|wigglesworth/i,
  patientId: /canary-7q/i,
  otherId: /canary-8r/i,
  notes: /zwieback/i,
  speciality: /lullaby/i,
  cancelReason: /gallivanting/i,
  priorityReason: /flummoxed/i,
  waiveReason: /bamboozled/i,
  staffName: /ignatz|umberglow/i,
};

/** Hashes that anybody can make who knows the id: no pseudonym. */
const plainHashes = [canaries.patientId, canaries.otherId].flatMap((id) =>
  [id, id.toLowerCase()].flatMap((text) =>
    ['md5', 'sha1', 'sha256'].flatMap((hash) =>
      (['hex', 'base64url'] as const).map((form) => createHash(hash).update(text).digest(form).slice(0, 16)),
    ),
  ),
);

/** What of the canaries a text holds, also when it is written for a URL. */
export function canariesIn(text: string): string[] {
  const found: string[] = Object.entries(wordOf)
    .filter(([, word]) => word.test(text))
    .map(([canary]) => canary);
  if (plainHashes.some((hash) => text.includes(hash))) found.push('plain hash');
  return found;
}

/** Every column of every table of a database that holds canaries, as `table.column: canary, …`. */
export async function columnsWithCanaries(url: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: columns } = await client.query<{ schema: string; table: string; column: string; type: string }>(
      `select c.table_schema as schema, c.table_name as table, c.column_name as column, c.data_type as type
       from information_schema.columns c
       join information_schema.tables t using (table_schema, table_name)
       where t.table_type = 'BASE TABLE' and c.table_schema not in ('pg_catalog', 'information_schema')`,
    );
    if (columns.length < 50) throw new Error(`Only ${columns.length} columns are seen.`);
    const holding = new Map<string, Set<string>>();
    for (const { schema, table, column, type } of columns) {
      const text = type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`;
      const { rows } = await client.query<{ text: string | null }>(
        `select string_agg(distinct ${text}, ' ') as text from "${schema}"."${table}"`,
      );
      const found = canariesIn(rows[0]?.text ?? '');
      const name = `${table}.${column}`;
      if (found.length > 0) holding.set(name, new Set([...(holding.get(name) ?? []), ...found]));
    }
    return holding;
  } finally {
    await client.end();
  }
}
