import pg from 'pg';

/** Milliseconds. A process that appends 10,000 events a second would otherwise nudge thousands of times. */
const pauseBetweenNudges = 10;

/**
 * Nudges between processes: LISTEN and NOTIFY on one connection of its own. A nudge may get lost (a half-open socket, a
 * reconnect), so whoever listens polls as well; it only makes waiting short. Nudges are coalesced: while one is on its
 * way, any number of others become one more. Never inside an append: NOTIFY serialises commits server-wide.
 */
export class WakeUp {
  readonly #url: string;
  readonly #listeners = new Map<string, Set<() => void>>();
  #client: pg.Client | undefined;
  #connecting: Promise<pg.Client | undefined> | undefined;
  #wanted = new Set<string>();
  #sending = false;
  #endRest: (() => void) | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Calls back after a nudge on the channel. Channel names are lower case letters and underscores. */
  listen(channel: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(channel, listeners);
    void this.#subscribe(channel);
    return () => listeners.delete(listener);
  }

  /** Nudges whoever listens in other processes (and in this one). Never throws; polling covers what is lost. */
  notify(channel: string): void {
    this.#wanted.add(channel);
    if (!this.#sending) void this.#send();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#endRest?.();
    await this.#connecting;
    await this.#client?.end().catch(() => undefined);
  }

  async #subscribe(channel: string): Promise<void> {
    const client = await this.#connect();
    await client?.query(`listen ${channel}`).catch(() => undefined);
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#wanted.size > 0 && !this.#closed) {
      const channels = [...this.#wanted];
      this.#wanted.clear();
      const client = await this.#connect();
      await client
        ?.query('select pg_notify(channel, $2) from unnest($1::text[]) as channel', [channels, ''])
        .catch(() => {
          // A connection that does not answer is given up; whoever listens polls meanwhile.
          if (client !== undefined) this.#giveUp(client);
        });
      // The first nudge leaves at once; under load, one for each pause is enough.
      await this.#rest();
    }
    this.#sending = false;
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseBetweenNudges);
      this.#endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #connect(): Promise<pg.Client | undefined> {
    if (this.#client !== undefined) return Promise.resolve(this.#client);
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #open(): Promise<pg.Client | undefined> {
    if (this.#closed) return undefined;
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'millrace wake-up',
      // A nudge is no data: it need not wait for the disk, where it would stand in the way of the appends.
      options: '-c synchronous_commit=off',
      keepAlive: true,
      pipeline: true,
      query_timeout: 5000,
      connectionTimeoutMillis: 5000,
    });
    const lost = (): void => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#reconnectLater();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', (message) => {
      for (const listener of this.#listeners.get(message.channel) ?? []) listener();
    });
    try {
      await client.connect();
      for (const channel of this.#listeners.keys()) await client.query(`listen ${channel}`);
    } catch {
      await client.end().catch(() => undefined);
      this.#reconnectLater();
      return undefined;
    }
    this.#client = client;
    // What was sent while there was no connection is lost: let everybody look.
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener();
    return client;
  }

  #giveUp(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => undefined);
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#closed || this.#listeners.size === 0) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(), 1000);
  }
}
