import type { FastifyReply, FastifyRequest } from 'fastify';
import { newEventId } from '../events/event-id.ts';
import type { MillraceServer, RequestContext } from './route-module.ts';

const correlationPattern = /^[A-Za-z0-9._-]{1,128}$/;
// Version 00 of W3C Trace Context; ids of zeros alone are void.
const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

// At most 32 members `key=value`, with at most 512 characters: what has to be passed on. A value ends with no space, as the
// recommendation has it: otherwise spaces before a comma could be split in many ways, and a header of them would keep the
// process busy for ever.
const tracestatePattern =
  /^(?=.{1,512}$)(?:[a-z0-9][\w\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e](?:[ \t]*,[ \t]*(?!$)|$)){1,32}$/;

export const correlationHeader = 'x-correlation-id';

/** Who sends a request, for applications that know that by themselves. */
export type Identify = (request: FastifyRequest) => string | Promise<string>;

/** The correlation id that came with a request when it can be used, a new one otherwise. */
export function correlationIdOf(headers: FastifyRequest['headers']): string {
  const given = headers['x-correlation-id'] ?? headers['correlation-id'];
  return typeof given === 'string' && correlationPattern.test(given) ? given : newEventId();
}

/** The context of a request without who sent it. */
export function contextOf(request: FastifyRequest, actor: string): RequestContext {
  return { correlationId: correlationIdOf(request.headers), ...traceIn(request.headers), actor };
}

function traceIn({ traceparent, tracestate }: FastifyRequest['headers']) {
  if (typeof traceparent !== 'string' || !traceparentPattern.test(traceparent)) return { traceparent: undefined };
  const isSound = typeof tracestate === 'string' && tracestatePattern.test(tracestate);
  return isSound ? { traceparent, tracestate } : { traceparent };
}

/** Gives every request its context and every answer its correlation id. */
export function addRequestContext(server: MillraceServer, identify: Identify | undefined): void {
  server.decorateRequest('context');
  server.addHook('onRequest', (request, reply, done) => {
    start(request, reply, 'anonymous');
    done();
  });
  if (identify === undefined) return;
  server.addHook('onRequest', async (request) => {
    const actor = await identify(request);
    request.context = { ...request.context, actor };
  });
}

function start(request: FastifyRequest, reply: FastifyReply, actor: string): void {
  const context = contextOf(request, actor);
  request.context = context;
  reply.header(correlationHeader, context.correlationId);
}
