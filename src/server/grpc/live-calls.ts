import { status, type handleServerStreamingCall, type ServerWritableStream } from '@grpc/grpc-js';
import { constants } from 'node:http2';
import type { FastifyBaseLogger } from 'fastify';
import { newEventId } from '../../events/event-id.ts';
import { failureOf } from '../problem.ts';
import type { LiveMessage } from '../live-feed.ts';
import type { LiveFeeds } from '../live-feeds.ts';
import type { LiveConnection } from '../live-subscriber.ts';
import type { LiveTail } from '../live-tail.ts';
import type { FailureStatuses } from './failure-status.ts';

type Stream = ServerWritableStream<object, object>;

/** The live rows of a feed as a stream of replies: the messages that WebSocket and server-sent events carry. */
export function liveCall(
  tail: LiveTail,
  feeds: LiveFeeds,
  failures: FailureStatuses,
  log: FastifyBaseLogger,
): handleServerStreamingCall<object, object> {
  const replies = new LiveReplies();
  return (call) => {
    const query: { readonly [name: string]: unknown } = { ...call.request };
    const after = query['after'];
    const fail = (error: unknown) => {
      const failure = failureOf(error);
      if (failure.status >= 500) log.warn({ err: error, feed: tail.definition.name }, 'live stream could not begin');
      call.emit('error', failures.ofFailure(failure, newEventId()));
    };
    try {
      feeds.checkRoom();
    } catch (error) {
      fail(error);
      return;
    }
    const subscriber = tail.subscriber(connectionOf(call, replies), query);
    call.once('cancelled', () => tail.remove(subscriber));
    call.once('finish', () => tail.remove(subscriber));
    tail.subscribe(subscriber, after === undefined ? undefined : String(after)).catch(fail);
  };
}

/** What a message is as a reply. Rows are written once for all clients, so they are read once for all, too. */
class LiveReplies {
  #last: { readonly text: string; readonly reply: object } | undefined;

  of(text: string): object {
    if (this.#last?.text !== text) this.#last = { text, reply: replyOf(text) };
    return this.#last.reply;
  }
}

function replyOf(text: string): object {
  // Written by the feed a moment ago.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const message = JSON.parse(text) as LiveMessage;
  const { type, position } = message;
  if (type === 'rows') return { position, [camelCase(message.view)]: { rows: message.rows.map(row) } };
  return { position, [type]: type === 'reset' ? { reason: message.reason } : {} };
}

/** Columns as the fields of a message are called. */
function row(columns: object): object {
  return Object.fromEntries(Object.entries(columns).map(([name, value]) => [camelCase(name), value]));
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_line, letter: string) => letter.toUpperCase());
}

function connectionOf(call: Stream, replies: LiveReplies): LiveConnection {
  let buffered = 0;
  return {
    send(text) {
      buffered += text.length;
      call.write(replies.of(text), () => {
        buffered -= text.length;
      });
    },
    get buffered() {
      return buffered;
    },
    // The keepalive of the connection asks.
    ping: () => true,
    close() {
      call.emit('error', { code: status.UNAVAILABLE, details: 'The server is stopping: come back with `after`.' });
    },
    drop() {
      // An end in order would wait behind what the client does not take.
      const cut = http2StreamOf(call);
      if (cut === undefined) call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'Too slow.' });
      else cut.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    },
  };
}

interface Closable {
  close(code: number): void;
}

/**
 * The HTTP/2 stream under a call. The library has no way to cut a stream from the server's side; a test tells when
 * another version of it keeps the stream elsewhere.
 */
function http2StreamOf(call: unknown): Closable | undefined {
  let inner: unknown = call;
  for (let depth = 0; depth < 8 && typeof inner === 'object' && inner !== null; depth++) {
    if ('stream' in inner && isClosable(inner.stream)) return inner.stream;
    inner = 'call' in inner ? inner.call : 'nextCall' in inner ? inner.nextCall : undefined;
  }
  return undefined;
}

function isClosable(value: unknown): value is Closable {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}
