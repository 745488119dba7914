import type { Queryable } from './builds.ts';

/**
 * Runs statements as the role that the projection's live build belongs to, when that is another one than the present: so
 * all builds and the views on them have one owner, whichever user of that role rebuilds. Run it in a transaction.
 */
export async function asBuildOwner(database: Queryable, projection: string, work: () => Promise<void>): Promise<void> {
  const found = await database.query<{ owner: string }>(
    `select quote_ident(r.rolname) as owner
     from projection_builds b
     join pg_namespace n on n.nspname = replace(b.projection_id, '-', '_') || '_g' || b.generation
     join pg_roles r on r.oid = n.nspowner
     where b.projection_id = $1 and b.state = 'live' and r.rolname <> current_user`,
    [projection],
  );
  const owner = found.rows[0]?.owner;
  if (owner === undefined) return work();
  // A failure needs no way back: it ends the transaction, and the role with it.
  await database.query(`set local role ${owner}`);
  await work();
  await database.query('reset role');
}
