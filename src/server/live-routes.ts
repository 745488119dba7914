import type { Socket } from 'node:net';
import websocket from '@fastify/websocket';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { MillraceError } from '../errors.ts';
import { errorForLog } from '../telemetry/error-for-log.ts';
import { checkOrigin } from './access/access-gate.ts';
import type { LiveFeeds } from './live-feeds.ts';
import type { LiveConnection } from './live-subscriber.ts';
import type { LiveTail } from './live-tail.ts';
import { correlationHeader } from './request-context.ts';
import type { MillraceServer } from './route-module.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer goes on for as long as the client listens. */
    live?: boolean;
  }
}

/** A WebSocket is closed with this when the sign-in that opened it has ended: signing in again helps. */
const signInEnded = 4401;

/** The two doors of every feed. */
export async function addLiveRoutes(server: MillraceServer, feeds: LiveFeeds): Promise<void> {
  if (feeds.tails.length === 0) return;
  for (const tail of feeds.tails) addServerSentEvents(server, feeds, tail);
  // In a scope of its own, since the plugin adds hooks to every route that it can see.
  await server.register(async (scope) => {
    await scope.register(websocket, {
      options: { maxPayload: 1_024, perMessageDeflate: false },
      errorHandler: (_error, socket) => socket.terminate(),
    });
    for (const tail of feeds.tails) addWebSocket(scope, feeds, tail);
  });
}

function addServerSentEvents(server: MillraceServer, feeds: LiveFeeds, tail: LiveTail): void {
  server.route({
    method: 'GET',
    url: tail.definition.ssePath,
    exposeHeadRoute: false,
    config: { live: true, feed: tail.definition },
    schema: {
      tags: ['live'],
      summary: `Live rows of ${tail.definition.name}`,
      description:
        'Server-sent events, each a JSON object: `hello`, `rows`, `reset` or `heartbeat`, with the position up to ' +
        'which everything was sent. Goes on behind `Last-Event-ID` or `after`. The same messages come by WebSocket ' +
        `at \`${tail.definition.webSocketPath}\`.`,
    },
    handler: async (request, reply) => {
      feeds.checkRoom(tail);
      const lastEventId = request.headers['last-event-id'];
      const query = queryOf(request);
      const after = typeof lastEventId === 'string' ? lastEventId : afterOf(query);
      const connection = eventStream(request, reply);
      const rights = rightsOf(request, tail, () => connection.close());
      const subscriber = tail.subscriber(connection, query, rights.maySee);
      reply.raw.once('close', () => {
        tail.remove(subscriber);
        rights.stop();
      });
      try {
        await tail.subscribe(subscriber, after);
      } catch (error) {
        // Once the stream has begun there is no other answer than to end it; the client comes back by itself.
        if (!reply.raw.headersSent) throw error;
        reply.raw.end();
      }
      return reply;
    },
  });
}

function addWebSocket(server: MillraceServer, feeds: LiveFeeds, tail: LiveTail): void {
  server.route({
    method: 'GET',
    url: tail.definition.webSocketPath,
    exposeHeadRoute: false,
    config: { live: true, feed: tail.definition },
    schema: { hide: true },
    preValidation: (request, _reply, done) => {
      checkOrigin(request.headers);
      feeds.checkRoom(tail);
      done();
    },
    handler: (_request, reply) => {
      reply.header('upgrade', 'websocket');
      throw new MillraceError('UPGRADE_REQUIRED', 'The path is for WebSocket connections.');
    },
    wsHandler: (socket, request) => {
      const query = queryOf(request);
      const rights = rightsOf(request, tail, () => socket.close(signInEnded, 'the sign-in has ended'));
      const subscriber = tail.subscriber(webSocket(socket, request.raw.socket), query, rights.maySee);
      socket.once('close', () => {
        tail.remove(subscriber);
        rights.stop();
      });
      tail.subscribe(subscriber, afterOf(query)).catch((error: unknown) => {
        request.log.warn({ err: errorForLog(error), feed: tail.definition.name }, 'live connection could not begin');
        socket.close(1013, 'try again later');
      });
    },
  });
}

/** What a client of a feed may see; everything where the application does not say who may. */
function rightsOf(
  { server: { access }, identity }: FastifyRequest,
  { definition }: LiveTail,
  end: () => void,
): { readonly maySee: (view: string) => boolean; readonly stop: () => void } {
  if (access === undefined || identity === undefined) return { maySee: () => true, stop: () => undefined };
  const listener = access.live.watch(identity, end);
  return {
    maySee: (view) => listener.active && access.policy.may(identity.principal, `feed:${definition.name}/${view}`),
    stop: () => listener.stop(),
  };
}

function queryOf(request: FastifyRequest): { readonly [name: string]: unknown } {
  const { query } = request;
  return typeof query === 'object' && query !== null ? { ...query } : {};
}

/** What the client says it has seen. Given twice it is no position, and answered as such. */
function afterOf(query: { readonly [name: string]: unknown }): string | undefined {
  const { after } = query;
  return after === undefined ? undefined : typeof after === 'string' ? after : 'several';
}

function eventStream(request: FastifyRequest, reply: FastifyReply): LiveConnection {
  const { raw } = reply;
  return {
    send(message) {
      if (!raw.headersSent) {
        reply.hijack();
        raw.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache, no-transform',
          'x-accel-buffering': 'no',
          [correlationHeader]: request.context.correlationId,
        });
        raw.write('retry: 1000\n\n');
      }
      raw.write(message.event);
    },
    // Of the socket: the answer's own cork writes length, data and end of a chunk one by one.
    hold: () => raw.socket?.cork(),
    release: () => raw.socket?.uncork(),
    get buffered() {
      return raw.writableLength;
    },
    // The protocol has no way to ask; a connection that is gone shows in what does not leave.
    ping: () => true,
    close: () => raw.end(),
    drop: () => raw.destroy(),
  };
}

function webSocket(socket: WebSocket, wire: Socket): LiveConnection {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  return {
    send: (message) => socket.send(message.json, { binary: false }),
    hold: () => wire.cork(),
    release: () => wire.uncork(),
    get buffered() {
      return socket.bufferedAmount;
    },
    ping() {
      if (!answered) return false;
      answered = false;
      socket.ping();
      return true;
    },
    close: () => socket.close(1001, 'the server is stopping'),
    drop: () => socket.terminate(),
  };
}
