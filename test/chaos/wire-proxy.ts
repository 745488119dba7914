import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A connection, both ends of it. */
interface Pair {
  readonly client: net.Socket;
  server: net.Socket | undefined;
  /** Something was lost on the way: nothing comes through any more, and nobody is told. */
  dead: boolean;
}

/**
 * Stands between programs and a server, and is told what the wire does: `pass` on, `delay` every packet,
 * `hold` them all until it passes again, or be `half-open`: connections stay, and nothing ever comes through them again,
 * either way. With several targets, each connection goes to the first that takes it, as behind a load balancer.
 */
export class WireProxy {
  readonly #server: net.Server;
  readonly #targets: readonly number[];
  readonly #pairs = new Set<Pair>();
  #mode: 'pass' | 'delay' | 'hold' | 'half-open' = 'pass';
  #delayMs = 0;
  #released = Promise.withResolvers<void>();
  #open = true;

  private constructor(targets: readonly number[]) {
    this.#targets = targets;
    this.#server = net.createServer((client) => void this.#join(client));
  }

  /** Listens on a free port of 127.0.0.1, in front of ports of 127.0.0.1. */
  static async open(targets: readonly number[]): Promise<WireProxy> {
    const proxy = new WireProxy(targets);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The same URL with the proxy in front. */
  url(direct: string): string {
    const through = new URL(direct);
    const address = this.#server.address();
    through.port = String(typeof address === 'object' && address !== null ? address.port : 0);
    return through.href;
  }

  pass(): void {
    this.#mode = 'pass';
    this.#released.resolve();
    this.#released = Promise.withResolvers<void>();
  }

  hold(): void {
    this.#mode = 'hold';
  }

  delay(milliseconds: number): void {
    this.#mode = 'delay';
    this.#delayMs = milliseconds;
  }

  halfOpen(): void {
    this.#mode = 'half-open';
  }

  /** Cuts all connections. New ones are taken. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server?.destroy();
    }
  }

  async close(): Promise<void> {
    this.#open = false;
    this.pass();
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  async #join(client: net.Socket): Promise<void> {
    const pair: Pair = { client, server: undefined, dead: false };
    this.#pairs.add(pair);
    client.setNoDelay(true);
    client.on('error', () => undefined);
    client.pause();
    const server = await this.#connect();
    if (server === undefined || client.destroyed || !this.#open) {
      this.#pairs.delete(pair);
      client.destroy();
      server?.destroy();
      return;
    }
    pair.server = server;
    server.on('error', () => undefined);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.once('close', end);
    server.once('close', end);
    this.#carry(client, server, pair);
    this.#carry(server, client, pair);
  }

  async #connect(): Promise<net.Socket | undefined> {
    for (const port of this.#targets) {
      const socket = net.connect(port, '127.0.0.1').setNoDelay(true);
      try {
        await once(socket, 'connect');
        return socket;
      } catch {
        socket.destroy();
      }
    }
    return undefined;
  }

  /** What was delayed or held stays in front of what comes after it. A connection that lost something is dead. */
  #carry(from: net.Socket, to: net.Socket, pair: Pair): void {
    let last = Promise.resolve();
    let waiting = 0;
    const put = (bytes: Buffer) => {
      if (to.destroyed || pair.dead) return;
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    const later = async (bytes: Buffer, due: Promise<unknown>) => {
      await last;
      await due;
      waiting -= 1;
      put(bytes);
    };
    from.on('data', (bytes: Buffer) => {
      if (this.#mode === 'half-open') pair.dead = true;
      if (pair.dead) return;
      if (this.#mode === 'pass' && waiting === 0) {
        put(bytes);
        return;
      }
      waiting += 1;
      const due =
        this.#mode === 'delay' ? pause(this.#delayMs) : this.#mode === 'hold' ? this.#released.promise : pause(0);
      last = later(bytes, due);
    });
    from.resume();
  }
}
