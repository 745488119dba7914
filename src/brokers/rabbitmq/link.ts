import { Duplex } from 'node:stream';
import { connect, type ChannelModel } from 'amqplib';
import { backoff } from '../../doorbell.ts';
import { MillraceError } from '../../errors.ts';
import { within } from '../../within.ts';

export interface LinkOptions {
  /** `amqp://user:password@host:5672/vhost` */
  readonly url: string;
  /** What the broker's own lists show for it. */
  readonly name: string;
  /** Called after every (re)connect, before anybody else uses it. A failure counts as a failed connect. */
  readonly onConnected: (model: ChannelModel) => Promise<void>;
  /** Called when a connection is gone, also one that broke while it was made. */
  readonly onLost: () => void;
  readonly onError: (error: unknown) => void;
}

/** Seconds without a sign of life, twice, and either side gives the connection up. */
const heartbeat = 5;
const connectTimeout = 5_000;
/** A node that has just started may take a declaration and never answer it. */
const prepareTimeout = 5_000;
const longestPause = 2_000;

/** One connection to RabbitMQ, made again whenever it breaks, with a pause that doubles up to two seconds. */
export class Link {
  readonly #options: LinkOptions;
  #model: ChannelModel | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #connecting: Promise<void> | undefined;
  #problem: unknown;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#model !== undefined;
  }

  /** Why there is no connection. */
  get problem(): unknown {
    return this.#problem;
  }

  /** Begins to connect, and stays with it. */
  start(): void {
    if (this.#closed || this.#model !== undefined || this.#connecting !== undefined) return;
    clearTimeout(this.#retry);
    this.#connecting = this.#connect().finally(() => {
      this.#connecting = undefined;
      if (this.#model === undefined) this.#startLater();
    });
  }

  /** Gives the connection up, without a goodbye where the other side does not answer, and makes a new one. */
  renew(problem: unknown): void {
    const model = this.#model;
    if (model === undefined) return;
    this.#lose(model, problem);
    discard(model);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#connecting;
    const model = this.#model;
    this.#model = undefined;
    if (model === undefined) return;
    const patience = setTimeout(() => discard(model), 1_000);
    await model.close().catch(() => undefined);
    clearTimeout(patience);
  }

  async #connect(): Promise<void> {
    const { url, name, onConnected, onError } = this.#options;
    let model: ChannelModel | undefined;
    try {
      model = await connect(withHeartbeat(url), {
        timeout: connectTimeout,
        noDelay: true,
        keepAlive: true,
        clientProperties: { connection_name: name },
      });
      const made = model;
      let gone = false;
      // An error is followed by a close, which tells that it is gone.
      made.on('error', (error) => {
        this.#problem = error;
      });
      made.on('close', (error) => {
        gone = true;
        this.#lose(made, error);
      });
      await within(prepareTimeout, onConnected(made), lateAnswer);
      if (gone || this.#closed)
        throw new MillraceError('BROKER_UNAVAILABLE', 'The connection broke while it was made.');
      this.#model = made;
      this.#failures = 0;
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error;
      if (model !== undefined) {
        this.#options.onLost();
        discard(model);
      }
      if (!this.#closed) onError(error);
    }
  }

  #lose(model: ChannelModel, problem: unknown): void {
    if (this.#model !== model) return;
    this.#model = undefined;
    this.#problem = problem ?? this.#problem;
    this.#options.onLost();
    if (!this.#closed) this.#startLater();
  }

  #startLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.start(), backoff(++this.#failures, 100, longestPause));
  }
}

/** A broker that does not answer would keep a goodbye waiting for minutes: then the socket is torn down. */
function discard(model: ChannelModel): void {
  const socket = socketOf(model);
  const late = setTimeout(() => socket?.destroy(), 500);
  late.unref();
  model.close().then(
    () => clearTimeout(late),
    () => {
      clearTimeout(late);
      socket?.destroy();
    },
  );
}

/** The library keeps its socket to itself, and has no way of its own to tear down a half-open one. */
function socketOf(model: ChannelModel): Duplex | undefined {
  const { connection } = model;
  return 'stream' in connection && connection.stream instanceof Duplex ? connection.stream : undefined;
}

function lateAnswer(): Error {
  return new Error(`RabbitMQ did not answer within ${prepareTimeout} ms.`);
}

function withHeartbeat(url: string): string {
  const address = new URL(url);
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(heartbeat));
  return address.href;
}
