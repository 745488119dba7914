import pg from 'pg';
import { MillraceError } from '../../errors.ts';

/** What a connection to the log learns on every (re)connect, before anything else uses it. */
export type OnConnect = (client: pg.Client) => Promise<void>;

const readSettings = '-c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';
const guards = '-c statement_timeout=30s -c lock_timeout=20s -c idle_in_transaction_session_timeout=30s';

/**
 * The connections of one log: a pipelined one for the flusher, made again when it breaks, and a pool for reads.
 * Look-ups by index are pinned for the same reason as in the append function: plans made on small tables are kept.
 */
export class LogConnection {
  readonly pool: pg.Pool;
  readonly #url: string;
  readonly #onConnect: OnConnect;
  #client: pg.Client | undefined;
  #connecting: Promise<pg.Client> | undefined;
  #failures = 0;
  #closed = false;

  constructor(url: string, onConnect: OnConnect, applicationName: string) {
    this.#url = url;
    this.#onConnect = onConnect;
    this.pool = new pg.Pool({
      connectionString: url,
      max: 6,
      options: `${readSettings} ${guards}`,
      application_name: `${applicationName} reads`,
      connectionTimeoutMillis: 10_000,
    });
    // An idle connection that breaks is replaced by the pool; the next query tells what is wrong.
    this.pool.on('error', () => undefined);
    this.#name = `${applicationName} append`;
  }

  readonly #name: string;

  /** The flusher's connection. Throws STORE_UNAVAILABLE when none can be made, or what `onConnect` throws. */
  async client(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<pg.Client> {
    if (this.#closed) throw new MillraceError('STOPPING', 'The log is closed.');
    const client = new pg.Client({
      connectionString: this.#url,
      pipeline: true,
      options: `-c jit=off -c synchronous_commit=on ${guards}`,
      application_name: this.#name,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    client.on('error', () => this.#drop(client));
    client.on('end', () => this.#drop(client));
    try {
      await client.connect();
      await this.#onConnect(client);
    } catch (error) {
      await client.end().catch(() => undefined);
      if (error instanceof MillraceError) throw error;
      throw new MillraceError('STORE_UNAVAILABLE', 'No connection to the event store.', { cause: error });
    }
    this.#client = client;
    this.#failures = 0;
    return client;
  }

  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
  }

  /** Waits before the next try, longer every time up to a second. `broken` gives up the connection as well. */
  async pause(broken: boolean): Promise<void> {
    const client = this.#client;
    if (broken && client !== undefined) {
      this.#client = undefined;
      // Not awaited: a half-open connection may take minutes to say goodbye.
      client.end().catch(() => undefined);
    }
    const wait = Math.min(1000, 10 * 2 ** this.#failures++);
    await new Promise((resolve) => {
      setTimeout(resolve, wait);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = undefined;
    await Promise.all([client?.end().catch(() => undefined), this.pool.end()]);
  }
}
