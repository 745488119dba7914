import { realpath } from 'node:fs/promises';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';
import { MillraceError } from '../errors.ts';
import { systemErrorCode } from './process-table.ts';

/** The server's only role. */
export const roleName = 'millrace';

export interface ServerAccess {
  readonly port: number;
  readonly password: string;
}

export function connectionUrl(access: ServerAccess, database: string): string {
  return `postgres://${roleName}:${access.password}@127.0.0.1:${access.port}/${encodeURIComponent(database)}`;
}

/**
 * What a connection attempt found.
 * `ready` it answers, and works in `clusterFolder` · `starting` or `stopping` soon · `silent` nobody listens ·
 * `refused` somebody listens who does not take our password
 */
export type ProbeResult =
  | { state: 'ready'; clusterFolder: string }
  | { state: 'busy' | 'silent' | 'refused'; error: unknown };

async function withClient<T>(access: ServerAccess, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: connectionUrl(access, 'postgres'),
    ssl: false, // whatever PGSSLMODE says: it never leaves this machine
    connectionTimeoutMillis: 3_000,
    query_timeout: 30_000,
    application_name: 'millrace embedded',
  });
  // An error of an idle connection is an event, and without a listener it would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    // Bounded: end() waits for an event that a connection which broke early has sent already.
    const ended = client.end().catch(() => undefined);
    await Promise.race([ended, pause(500, undefined, { ref: false })]);
  }
}

/** Tries to connect once. */
export async function probeServer(access: ServerAccess): Promise<ProbeResult> {
  try {
    return await withClient(access, async (client) => {
      const { rows } = await client.query<{ folder: string }>("select current_setting('data_directory') as folder");
      const folder = rows[0]?.folder ?? '';
      return { state: 'ready', clusterFolder: await realpath(folder).catch(() => folder) };
    });
  } catch (error) {
    const code = systemErrorCode(error);
    // cannot_connect_now (starting up, shutting down), too_many_connections, admin_shutdown
    if (code === '57P03' || code === '53300' || code === '57P01') return { state: 'busy', error };
    // Every other answer of a server, such as invalid_password.
    if (/^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E')) return { state: 'refused', error };
    return { state: 'silent', error };
  }
}

/** Makes the database when it is missing. Waits up to 30 s for a server that is being started again. */
export async function ensureDatabase(access: () => ServerAccess, database: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await withClient(access(), async (client) => {
        const known = await client.query('select from pg_database where datname = $1', [database]);
        if (known.rowCount === 0) await client.query(`create database ${escapeIdentifier(database)}`);
      });
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === '42P04' || code === '23505') return; // another caller was faster
      const serverAnswered = /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') && !code.startsWith('57P');
      if (serverAnswered || performance.now() > deadline) {
        throw new MillraceError('STORE_UNAVAILABLE', `The embedded PostgreSQL gave no database ${database}.`, {
          cause: error,
        });
      }
      await pause(100);
    }
  }
}

function canListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}

const randomPort = () => 20_000 + Math.floor(Math.random() * 12_000);

/**
 * A free port on 127.0.0.1: the wished one when it is free. Otherwise one below the range from which systems take
 * ports for outgoing connections (Linux: from 32768), so that it is likely still free at the next start.
 */
export async function freePort(wished: number | undefined): Promise<number> {
  const candidates = [...(wished === undefined ? [] : [wished]), ...Array.from({ length: 20 }, randomPort), 0];
  for (const candidate of candidates) {
    const port = await canListen(candidate);
    if (port !== undefined) return port;
  }
  throw new MillraceError('POSTGRES_START_FAILED', 'There is no free port on 127.0.0.1.');
}
