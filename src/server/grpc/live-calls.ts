import { errorForLog } from '../../telemetry/error-for-log.ts';
import { status, type handleServerStreamingCall, type ServerWritableStream } from '@grpc/grpc-js';
import { constants } from 'node:http2';
import { MillraceError } from '../../errors.ts';
import { failureOf } from '../problem.ts';
import type { LiveFeedDefinition, LiveMessage } from '../live-feed.ts';
import type { LiveFeeds } from '../live-feeds.ts';
import type { WrittenMessage } from '../live-message.ts';
import type { LiveConnection } from '../live-subscriber.ts';
import type { LiveTail } from '../live-tail.ts';
import { correlationIdOf } from '../request-context.ts';
import type { MillraceServer } from '../route-module.ts';
import type { FailureStatuses } from './failure-status.ts';
import { headersOf } from './route-request.ts';

type Stream = ServerWritableStream<{ readonly after?: string }, object>;

/** The live rows of a feed as a stream of replies: the messages that WebSocket and server-sent events carry. */
export function liveCall(
  server: MillraceServer,
  tail: LiveTail,
  feeds: LiveFeeds,
  failures: FailureStatuses,
): handleServerStreamingCall<{ readonly after?: string }, object> {
  const replies = new LiveReplies();
  return (call) => {
    begin(server, tail, feeds, call, replies).catch((error: unknown) => {
      const failure = failureOf(error);
      const correlationId = correlationIdOf(headersOf(call.metadata));
      if (failure.status >= 500) {
        server.log.warn(
          { err: errorForLog(error), feed: tail.definition.name, correlationId },
          'live stream could not begin',
        );
      }
      call.emit('error', failures.ofFailure(failure, correlationId));
    });
  };
}

async function begin(server: MillraceServer, tail: LiveTail, feeds: LiveFeeds, call: Stream, replies: LiveReplies) {
  const connection = connectionOf(call, replies);
  const signInEnded = () => {
    call.emit('error', { code: status.UNAUTHENTICATED, details: 'The sign-in has ended.' });
  };
  const rights = await rightsOf(server, tail.definition, call, signInEnded);
  // Gone while it was asked who it is.
  if (call.cancelled) {
    rights.stop();
    return;
  }
  const query: { readonly [name: string]: unknown } = { ...call.request };
  const subscriber = tail.subscriber(connection, query, rights.maySee);
  const leave = () => {
    tail.remove(subscriber);
    rights.stop();
  };
  call.once('cancelled', leave);
  call.once('finish', leave);
  feeds.checkRoom(tail);
  await tail.subscribe(subscriber, call.request.after);
}

/** What a client may see. Throws as the other doors of the feed do: AUTH_REQUIRED, AUTH_ROLE_FORBIDDEN … */
async function rightsOf(
  { access }: MillraceServer,
  { name, views }: LiveFeedDefinition,
  call: Stream,
  end: () => void,
) {
  if (access === undefined) return { maySee: () => true, stop: () => undefined };
  const identity = await access.authenticate(headersOf(call.metadata));
  const { principal } = identity;
  const may = (view: string) => access.policy.may(principal, `feed:${name}/${view}`);
  if (!views.some((view) => may(view.name))) {
    if (principal.kind === 'anonymous') throw new MillraceError('AUTH_REQUIRED', 'Sign in first.');
    throw new MillraceError('AUTH_ROLE_FORBIDDEN', 'Your roles do not allow this.');
  }
  const listener = access.live.watch(identity, end);
  return { maySee: (view: string) => listener.active && may(view), stop: () => listener.stop() };
}

/** What a message is as a reply, made once for all clients as the message was. */
class LiveReplies {
  #last: { readonly of: WrittenMessage; readonly reply: object } | undefined;

  of(written: WrittenMessage): object {
    if (this.#last?.of !== written) this.#last = { of: written, reply: replyOf(written.message) };
    return this.#last.reply;
  }
}

function replyOf(message: LiveMessage): object {
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
    send(written) {
      const { length } = written.json;
      buffered += length;
      call.write(replies.of(written), () => {
        buffered -= length;
      });
    },
    // HTTP/2 puts frames together by itself.
    hold: () => undefined,
    release: () => undefined,
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
