import { Socket } from 'node:net';
import { Client, Pool } from 'pg';
import { backoff } from '../../doorbell.ts';
import { MillraceError } from '../../errors.ts';
import { asUnavailable } from './failure-class.ts';

/** What a connection to the log learns on every (re)connect, before anything else uses it. */
export type OnConnect = (client: Client) => Promise<void>;

export interface LogConnectionOptions {
  /** How long an answer may take, in milliseconds, before the connection counts as dead. Default 35,000. */
  readonly answerTimeout?: number;
  /**
   * How long the server lets a connection hold the log's lock without a word, in milliseconds: every writer waits
   * meanwhile. Default 5,000.
   */
  readonly silenceUnderLock?: number;
}

/** Plans made on small tables are kept: without these, look-ups by index turn into sequential scans later. */
const settings = '-c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';
const guards = '-c statement_timeout=30s -c lock_timeout=20s';

/** In milliseconds. The question itself is a look at one row. */
const questionTimeout = 3_000;

/** How long a goodbye may take before the sockets are torn down: a half-open connection never answers it. */
const goodbye = 2_000;

/** The connections of one log: a pipelined one for the flusher, made again when it breaks, and a pool for reads. */
export class LogConnection {
  readonly pool: Pool;
  readonly #url: string;
  readonly #options: string;
  readonly #onConnect: OnConnect;
  readonly #name: string;
  /** Longer than the server's own time-outs: whoever is silent beyond them is not there any more. */
  readonly #answerTimeout: number;
  readonly #silence: number;
  readonly #sockets = new Set<Socket>();
  #client: Client | undefined;
  #clientSocket: Socket | undefined;
  #connecting: Promise<Client> | undefined;
  #failures = 0;
  #asking: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(url: string, onConnect: OnConnect, applicationName: string, options: LogConnectionOptions = {}) {
    // What a URL says in `options` would replace ours: the two are put together, the URL's last.
    const { address, options: own } = splitUrl(url);
    this.#url = address;
    this.#options = `${settings} ${guards} ${own}`;
    this.#onConnect = onConnect;
    this.#name = `${applicationName} append`;
    this.#answerTimeout = options.answerTimeout ?? 35_000;
    this.#silence = options.silenceUnderLock ?? 5_000;
    this.pool = new Pool({
      connectionString: address,
      max: 6,
      options: `${this.#options} -c idle_in_transaction_session_timeout=30s`,
      application_name: `${applicationName} reads`,
      connectionTimeoutMillis: 10_000,
      // A rush after some quiet seconds is not to wait for connections that are made, and statements that are planned, anew.
      idleTimeoutMillis: 60_000,
      query_timeout: this.#answerTimeout,
      keepAlive: true,
      stream: () => this.#socket(),
    });
    // An idle connection that breaks is replaced by the pool; the next query tells what is wrong.
    this.pool.on('error', () => undefined);
  }

  /** The flusher's connection. Throws STORE_UNAVAILABLE or SCHEMA_MISSING, or what `onConnect` throws. */
  async client(): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Client> {
    if (this.#closed !== undefined) throw new MillraceError('STOPPING', 'The log is closed.');
    let broken = false;
    const socket = this.#socket();
    const client = new Client({
      connectionString: this.#url,
      pipeline: true,
      options: `${this.#options} -c synchronous_commit=on -c idle_in_transaction_session_timeout=${this.#silence}`,
      application_name: this.#name,
      connectionTimeoutMillis: 5_000,
      query_timeout: this.#answerTimeout,
      keepAlive: true,
      stream: () => socket,
    });
    const drop = () => {
      broken = true;
      if (this.#client === client) this.#client = undefined;
    };
    client.on('error', drop);
    client.on('end', drop);
    try {
      await client.connect();
      await this.#onConnect(client);
      if (broken) throw new Error('The connection broke while it was made.');
    } catch (error) {
      socket.destroy();
      throw error instanceof MillraceError ? error : asUnavailable(error);
    }
    this.#client = client;
    this.#clientSocket = socket;
    return client;
  }

  #socket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /**
   * The flusher has waited long for an answer: asks the server, over another connection, whether it works on the
   * question. If it does not, the answer or the question was lost on the way (a half-open connection), and the connection
   * is torn down. Never throws: a server that cannot be asked may be slow, and the time-out decides.
   */
  doubt(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const client = this.#client;
    const socket = this.#clientSocket;
    const pid = client === undefined ? undefined : processIdOf(client);
    if (pid === undefined || this.#closed !== undefined) return;
    const question = this.#socket();
    const other = new Client({
      connectionString: this.#url,
      application_name: `${this.#name} doubt`,
      connectionTimeoutMillis: questionTimeout,
      query_timeout: questionTimeout,
      stream: () => question,
    });
    other.on('error', () => undefined);
    try {
      await other.connect();
      const { rowCount } = await other.query(`select from pg_stat_activity where pid = $1 and state = 'active'`, [pid]);
      if (rowCount === 0 && this.#client === client) socket?.destroy();
    } catch {
      // Whoever waits for the answer hears of it by its time-out.
    } finally {
      question.destroy();
    }
  }

  /** A batch got through: the next trouble is a new one. */
  worked(): void {
    this.#failures = 0;
  }

  /** Waits before the next try, longer every time up to a second. `broken` gives up the connection as well. */
  async pause(broken: boolean): Promise<void> {
    if (broken && this.#client !== undefined) {
      this.#client = undefined;
      // Without a goodbye: a half-open connection may take minutes to answer one.
      this.#clientSocket?.destroy();
    }
    const wait = backoff(++this.#failures, 10, 1000);
    await new Promise((resolve) => {
      setTimeout(resolve, wait);
    });
  }

  /** Says goodbye to the server, and tears down what does not answer. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#connecting?.catch(() => undefined);
    const client = this.#client;
    this.#client = undefined;
    const ended = Promise.all([client?.end().catch(() => undefined), this.pool.end()]);
    const impatience = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, goodbye);
    try {
      await ended;
    } finally {
      clearTimeout(impatience);
      for (const socket of this.#sockets) socket.destroy();
    }
  }
}

function splitUrl(url: string): { readonly address: string; readonly options: string } {
  if (!URL.canParse(url)) return { address: url, options: '' };
  const address = new URL(url);
  const options = address.searchParams.get('options') ?? '';
  address.searchParams.delete('options');
  return { address: options === '' ? url : address.href, options };
}

/** The server's process for a connection. The library keeps it, and its types do not tell. */
function processIdOf(client: Client): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined;
}
