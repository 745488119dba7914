import { once } from 'node:events';
import net from 'node:net';

/**
 * Stands between programs and a server, and is told what the wire does: `pass` on, `delay` every packet, or be
 * `half-open`: connections stay, and nothing comes through either way. With several targets, each connection goes to the
 * first that takes it, as behind a load balancer.
 */
export class WireProxy {
  readonly #server: net.Server;
  readonly #targets: readonly number[];
  readonly #pairs = new Set<{ readonly client: net.Socket; server: net.Socket | undefined }>();
  #mode: 'pass' | 'delay' | 'half-open' = 'pass';
  #delayMs = 0;
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
  }

  delay(milliseconds: number): void {
    this.#mode = 'delay';
    this.#delayMs = milliseconds;
  }

  halfOpen(): void {
    this.#mode = 'half-open';
  }

  /** Cuts all connections. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server?.destroy();
    }
  }

  async close(): Promise<void> {
    this.#open = false;
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  async #join(client: net.Socket): Promise<void> {
    const pair = { client, server: undefined as net.Socket | undefined };
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
    this.#carry(client, server);
    this.#carry(server, client);
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

  /** What was delayed stays in front of what comes after it. What a half-open wire swallowed never comes. */
  #carry(from: net.Socket, to: net.Socket): void {
    let last = Promise.resolve();
    let waiting = 0;
    const put = (bytes: Buffer) => {
      if (to.destroyed) return;
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    from.on('data', (bytes: Buffer) => {
      if (this.#mode === 'half-open') return;
      if (this.#mode === 'pass' && waiting === 0) {
        put(bytes);
        return;
      }
      const due = performance.now() + (this.#mode === 'delay' ? this.#delayMs : 0);
      waiting += 1;
      last = last.then(
        () =>
          new Promise<void>((resolve) => {
            setTimeout(
              () => {
                waiting -= 1;
                put(bytes);
                resolve();
              },
              Math.max(0, due - performance.now()),
            );
          }),
      );
    });
    from.resume();
  }
}
