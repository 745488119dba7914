import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { PostgresMessages } from './postgres-messages.ts';

/**
 * What happens to an exchange (one question of the client and the server's whole answer):
 * `before`   the connection is cut, and the server never sees the question.
 * `after`    the server gets the question, and the connection is cut at once on both sides.
 * `unheard`  the server answers in full, and the connection is cut before the client hears any of it.
 * `middle`   the client hears half of the answer.
 * `silent`   the server gets the question, and nothing comes back, although the connection stays open (half-open).
 * `late`     the connection is cut on the client's side; the server gets the question at {@link TcpProxy.release}.
 */
export type Fault = 'before' | 'after' | 'unheard' | 'middle' | 'silent' | 'late';

/** A fault, and the exchange that it hits, counted from 1 since {@link TcpProxy.arm}. */
export interface FaultAt {
  readonly exchange: number;
  readonly fault: Fault;
}

/** Stands between a program and PostgreSQL, and breaks the connections whose application name ends as it was told. */
export class TcpProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #ending: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #faults: FaultAt[] = [];
  #exchange = 0;
  #joined = 0;
  #late: { readonly server: Socket; readonly bytes: Buffer }[] = [];
  #beforeExchange: ((exchange: number) => Promise<void>) | undefined;

  private constructor(host: string, port: number, ending: string) {
    this.#target = { host, port };
    this.#ending = ending;
    this.#server = createServer((client) => this.#join(client));
  }

  /** Listens on a free port in front of the server in a URL. `ending`: of the application names whose connections it breaks. */
  static async open(url: string, ending = 'append'): Promise<TcpProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new TcpProxy(hostname, Number(port), ending);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** The same URL with the proxy in front. */
  url(url: string): string {
    const through = new URL(url);
    const address = this.#server.address();
    through.hostname = '127.0.0.1';
    through.port = String(isAddressInfo(address) ? address.port : 0);
    return through.href;
  }

  /** Counts exchanges from 1 again, and lets faults happen at some of them. */
  arm(faults: readonly FaultAt[], beforeExchange?: (exchange: number) => Promise<void>): void {
    this.#faults = [...faults];
    this.#exchange = 0;
    this.#beforeExchange = beforeExchange;
  }

  /** Exchanges since {@link arm}. */
  get exchanges(): number {
    return this.#exchange;
  }

  /** Connections since the beginning. */
  get joined(): number {
    return this.#joined;
  }

  /** Faults that have not happened. */
  get faultsLeft(): number {
    return this.#faults.length;
  }

  /** Hands the server what came `late`, and resolves when it has dealt with it. */
  async release(): Promise<void> {
    const late = this.#late;
    this.#late = [];
    await Promise.all(
      late.map(
        ({ server, bytes }) =>
          new Promise<void>((resolve) => {
            const messages = new PostgresMessages(false);
            server.on('data', (data) => {
              if (messages.push(data).some((message) => message.type === 'Z')) server.end();
            });
            server.once('close', () => resolve());
            server.resume();
            server.write(bytes);
          }),
      ),
    );
  }

  /** Cuts every connection there is, at once. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #track(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket.setNoDelay(true);
  }

  #join(clientSocket: Socket): void {
    this.#joined++;
    const client = this.#track(clientSocket);
    const server = this.#track(createConnection(this.#target));
    const questions = new PostgresMessages(true);
    const answers = new PostgresMessages(false);
    let counted = false;
    let question: Buffer[] = [];
    let answer: Buffer[] = [];
    let fault: Fault | undefined;
    let asked = Promise.resolve();
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    const ask = async (bytes: Buffer) => {
      const exchange = ++this.#exchange;
      await this.#beforeExchange?.(exchange);
      fault = this.#take(exchange);
      if (fault === 'before') return cut();
      if (fault === 'late') {
        this.#late.push({ server, bytes });
        server.removeAllListeners('data').pause();
        client.removeAllListeners('close').destroy();
        return undefined;
      }
      server.write(bytes, () => {
        if (fault === 'after') cut();
      });
      return undefined;
    };
    client.on('data', (data) => {
      for (const message of questions.push(data)) {
        if (message.type === 'startup') counted = message.bytes.includes(`${this.#ending}\0`);
        question.push(message.bytes);
        // A simple query, or the end of an extended one; anything else before the first answer belongs to the greeting.
        if (counted && (message.type === 'Q' || message.type === 'S')) {
          const bytes = Buffer.concat(question);
          question = [];
          asked = asked.then(() => ask(bytes));
        } else if (!counted || message.type === 'startup' || message.type === 'p' || message.type === 'X') {
          server.write(Buffer.concat(question));
          question = [];
        }
      }
    });
    server.on('data', (data) => {
      if (fault === undefined || fault === 'after') {
        client.write(data);
        return;
      }
      for (const message of answers.push(data)) {
        answer.push(message.bytes);
        if (message.type !== 'Z' || fault === 'silent') continue;
        const bytes = Buffer.concat(answer);
        answer = [];
        if (fault === 'middle') client.write(bytes.subarray(0, bytes.length / 2), cut);
        else cut();
      }
    });
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
  }

  #take(exchange: number): Fault | undefined {
    const found = this.#faults.find((one) => one.exchange === exchange);
    this.#faults = this.#faults.filter((one) => one !== found);
    return found?.fault;
  }
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
