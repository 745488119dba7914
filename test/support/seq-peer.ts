import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';

/** How the peer behaves: as Seq does, or as Seq and the network between do on a bad day. */
export type SeqMood =
  | { readonly kind: 'well' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  /** Takes the batch, and the answer never comes. */
  | { readonly kind: 'cut' }
  /** Reads the request and says nothing. */
  | { readonly kind: 'silent' };

/**
 * A server that speaks Seq's ingestion contract: `POST /ingest/clef` with one JSON object a line, each with `@t`. 201 when it
 * has stored them; 400 for a batch with a line that it cannot read, 401 without the key, 413 for a batch that is too large.
 */
export class SeqPeer implements AsyncDisposable {
  readonly url: string;
  /** Stored lines, in the order in which they came. */
  readonly lines: string[] = [];
  /** Lines of each request, whatever came of it. */
  readonly requests: number[] = [];
  mood: SeqMood = { kind: 'well' };
  /** Bytes of a request. */
  largest = 10 * 1024 * 1024;
  readonly #server: Server;
  readonly #key: string;
  #heard = Promise.withResolvers<void>();

  private constructor(server: Server, port: number, key: string) {
    this.#server = server;
    this.#key = key;
    this.url = `http://127.0.0.1:${port}`;
    server.on('request', (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(key = 'key', port = 0): Promise<SeqPeer> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('There is no port.');
    return new SeqPeer(server, address.port, key);
  }

  /** Resolves when the condition holds, which is looked at after every request. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#heard.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const lines = body.toString().split('\n').slice(0, -1);
    this.requests.push(lines.length);
    const { mood } = this;
    const status = mood.kind === 'status' ? mood.status : this.#judge(request, body, lines);
    if (status === 201 && mood.kind !== 'silent') this.lines.push(...lines);
    if (mood.kind === 'cut') response.destroy();
    else if (mood.kind !== 'silent') {
      if (mood.kind === 'status' && mood.retryAfter !== undefined) response.setHeader('retry-after', mood.retryAfter);
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"MinimumLevelAccepted":null}');
    }
    const heard = this.#heard;
    this.#heard = Promise.withResolvers();
    heard.resolve();
  }

  #judge(request: IncomingMessage, body: Buffer, lines: readonly string[]): number {
    if (request.method !== 'POST' || request.url !== '/ingest/clef') return 404;
    if (request.headers['x-seq-apikey'] !== this.#key) return 401;
    if (request.headers['content-type'] !== 'application/vnd.serilog.clef') return 415;
    if (body.length > this.largest) return 413;
    return lines.length > 0 && lines.every(isClef) ? 201 : 400;
  }
}

function isClef(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('@t' in value)) return false;
    return typeof value['@t'] === 'string' && !Number.isNaN(Date.parse(value['@t']));
  } catch {
    return false;
  }
}
