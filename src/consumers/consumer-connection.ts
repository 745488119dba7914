import { Socket } from 'node:net';
import pg from 'pg';
import { MillraceError } from '../errors.ts';

/** The pipelined connection of one consumer to the read-model database, made again when it breaks. */
export class ConsumerConnection {
  readonly #url: string;
  readonly #name: string;
  #client: pg.Client | undefined;
  #socket: Socket | undefined;
  #connecting: Promise<pg.Client> | undefined;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  /** Throws STORE_UNAVAILABLE when no connection can be made. */
  async client(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<pg.Client> {
    const socket = new Socket();
    this.#socket = socket;
    const client = new pg.Client({
      stream: () => socket,
      connectionString: this.#url,
      pipeline: true,
      application_name: this.#name,
      // What a crash of the server loses here, effect and checkpoint together, is applied again from the log: a read
      // model need not wait for the disk. See docs/decisions/0005.
      options:
        '-c synchronous_commit=off -c jit=off -c statement_timeout=60s -c lock_timeout=30s -c idle_in_transaction_session_timeout=60s',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    const lost = (): void => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on('error', lost);
    client.on('end', lost);
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => undefined);
      throw new MillraceError('STORE_UNAVAILABLE', 'No connection to the read-model database.', { cause: error });
    }
    this.#client = client;
    return client;
  }

  /** Cuts the connection without a goodbye: whatever waits for an answer fails now. */
  destroy(): void {
    this.#client = undefined;
    this.#socket?.destroy();
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
  }
}
