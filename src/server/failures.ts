import { errorForLog } from '../telemetry/error-for-log.ts';
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { newEventId } from '../events/event-id.ts';
import { MillraceError } from '../errors.ts';
import type { KnownPaths } from './known-paths.ts';
import { failureOf, fromCatalogue, problemBody, problemMediaType, type Failure } from './problem.ts';
import { contextOf, correlationHeader } from './request-context.ts';
import type { MillraceServer } from './route-module.ts';

/** Answers whatever went wrong with problem details. */
export function answerFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error);
  // A URL that cannot be read fails before any hook has run.
  const context = request.context ?? contextOf(request, 'anonymous');
  if (failure.status >= 500) {
    const level = failure.status === 500 ? 'error' : 'warn';
    request.log[level](
      { err: errorForLog(error), code: failure.code, correlationId: context.correlationId },
      'request failed',
    );
  }
  reply.code(failure.status).header('content-type', problemMediaType).header(correlationHeader, context.correlationId);
  if (failure.retryAfter !== undefined) reply.header('retry-after', String(failure.retryAfter));
  // Says what would help; a browser asks nobody for a password because of it.
  if (failure.status === 401) reply.header('www-authenticate', 'Bearer realm="millrace"');
  reply.send(problemBody(failure, context.correlationId));
}

/** Makes unknown paths, wrong methods and thrown errors answer with problem details. */
export function addFailureAnswers(server: MillraceServer, paths: KnownPaths): void {
  server.setErrorHandler(answerFailure);
  server.setNotFoundHandler((request, reply) => {
    answerFailure(notFound(request, reply, paths), request, reply);
  });
  server.addHook('onRequest', (request, reply, done) => {
    // An upgrade that comes to nothing leaves a connection that nobody reads from any more.
    if (request.headers.upgrade !== undefined) reply.raw.once('finish', () => request.raw.socket.end());
    done();
  });
  // Before the body is read: what is wrong with the body of a request to nowhere is of no interest.
  server.addHook('onRequest', (request, reply, done) => {
    if (request.is404) done(notFound(request, reply, paths));
    // No database takes a NUL character in a text.
    else if (request.raw.url?.includes('%00') === true) done(new MillraceError('URL_INVALID', 'The URL holds a NUL.'));
    else done();
  });
}

function notFound(request: FastifyRequest, reply: FastifyReply, paths: KnownPaths): MillraceError {
  const allowed = paths.methodsOf(request.raw.url ?? '');
  if (allowed.length === 0) return new MillraceError('ROUTE_NOT_FOUND', 'There is nothing at that path.');
  reply.header('allow', allowed.join(', '));
  return new MillraceError('METHOD_NOT_ALLOWED', `The path takes ${allowed.join(', ')}.`);
}

/** Answers a connection whose bytes are not a request: there is no request to answer then, only a socket. */
export function answerBrokenConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const failure = brokenConnection(error.code);
  const correlationId = newEventId();
  const body = problemBody(failure, correlationId);
  socket.end(
    `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status] ?? ''}\r\n` +
      `content-type: ${problemMediaType}\r\n` +
      `${correlationHeader}: ${correlationId}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function brokenConnection(code: string | undefined): Failure {
  if (code === 'HPE_HEADER_OVERFLOW') return fromCatalogue('HEADERS_TOO_LARGE');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return fromCatalogue('REQUEST_TIMEOUT');
  return fromCatalogue('REQUEST_MALFORMED');
}
