import type { FastifyReply, FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import { correlationHeader } from './request-context.ts';

/** A client that does not read is cut off when so many bytes wait for it. */
const largestBuffer = 100_000;
/** How often a client hears that the stream is alive, in milliseconds. */
const heartbeatMs = 15_000;

/** Follows something: sends values until it ends, and returns how to stop it. */
export type Follow = (send: (value: object) => void, end: () => void) => () => void;

/**
 * Server-sent events about something that is followed for a while, each a JSON object: a stream ends with what it
 * follows, and all of them when the server closes. A route that opens one has `config: { live: true }`.
 * @example
 * const streams = new ProgressStreams({ most: 500 });
 * server.addHook('preClose', () => streams.close());
 * server.get('/api/carts/:id/stream', { config: { live: true } }, (request, reply) => {
 *   streams.open(request, reply, (send, end) => carts.follow(request.params.id, send, end));
 *   return reply;
 * });
 */
export class ProgressStreams {
  readonly #open = new Set<() => void>();
  readonly #most: number;

  /** `most`: how many may be open at once. Default 200. */
  constructor({ most = 200 }: { readonly most?: number } = {}) {
    this.#most = most;
  }

  /** Answers a request with a stream. Throws SUBSCRIBERS_FULL. */
  open(request: FastifyRequest, reply: FastifyReply, follow: Follow): void {
    if (this.#open.size >= this.#most) throw new MillraceError('SUBSCRIBERS_FULL', 'Too many clients listen.');
    const { raw } = reply;
    reply.hijack();
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      [correlationHeader]: request.context.correlationId,
    });
    const write = (text: string): void => {
      if (raw.writableEnded) return;
      if (raw.writableLength > largestBuffer) raw.destroy();
      else raw.write(text);
    };
    const end = (): void => void (raw.writableEnded || raw.end());
    const beat = setInterval(() => write(': alive\n\n'), heartbeatMs);
    this.#open.add(end);
    const { access } = request.server;
    const listener = request.identity === undefined ? undefined : access?.live.watch(request.identity, end);
    const stop = follow((value) => write(`data: ${JSON.stringify(value)}\n\n`), end);
    raw.once('close', () => {
      clearInterval(beat);
      listener?.stop();
      stop();
      this.#open.delete(end);
    });
  }

  async close(): Promise<void> {
    for (const end of this.#open) end();
  }
}
