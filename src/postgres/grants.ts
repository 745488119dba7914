import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import type { LogNames } from './log-names.ts';

/** The names of the four group roles. */
export interface GroupRoles {
  readonly api: string;
  readonly relay: string;
  readonly projector: string;
  readonly reader: string;
}

/** The roles of one system: a prefix of its own lets several share a server. Throws SETTING_INVALID. */
export function groupRoles(prefix: string): GroupRoles {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(prefix)) {
    throw new MillraceError(
      'SETTING_INVALID',
      'The prefix of the group roles is up to 40 lower case letters, digits and underscores, a letter first.',
    );
  }
  return {
    api: `${prefix}_api`,
    relay: `${prefix}_relay`,
    projector: `${prefix}_projector`,
    reader: `${prefix}_reader`,
  };
}

export interface GrantOptions {
  readonly roles: GroupRoles;
  readonly names: LogNames;
  /** The views under which readers find read models. */
  readonly exposes: readonly string[];
}

/**
 * Makes the group roles, when they are not there, and gives them their rights in one of the two databases; run it in a
 * transaction of whoever has prepared the database. Running it again takes back what was granted besides.
 */
export async function grantRights(
  client: pg.Client,
  database: 'event store' | 'read models',
  options: GrantOptions,
): Promise<void> {
  const found = await client.query<{ database: string; schema: string }>(
    'select quote_ident(current_database()) as database, quote_ident(current_schema()) as schema',
  );
  const place = found.rows[0];
  if (place === undefined) throw new MillraceError('STORE_CORRUPT', 'The database does not tell its name.');
  const values: { readonly [name: string]: string } = {
    ...options.roles,
    ...options.names,
    ...place,
    exposes: `array[${options.exposes.map((name) => `'${name}'`).join(', ')}]::text[]`,
  };
  const sections = readFileSync(new URL('./grants.sql', import.meta.url), 'utf8').split(/^--! /m);
  for (const section of sections) {
    const [title = '', ...lines] = section.split('\n');
    if (title !== 'both' && title !== database) continue;
    // A cast (`::text`) is left alone, and so is what is none of the names.
    const sql = lines.join('\n').replaceAll(/(?<!:):([a-z]+)\b/g, (whole, name: string) => values[name] ?? whole);
    await client.query(sql);
  }
}
