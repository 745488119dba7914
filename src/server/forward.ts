import type { FastifyReply, FastifyRequest } from 'fastify';

/** What belongs to one connection or one body and not to what is asked. */
const notPassedOn = new Set([
  'connection',
  'content-length',
  'content-type',
  'date',
  'expect',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Answers a request as another route of this server would: with the same rights, the same checks and the same errors,
 * since it goes through that route with the headers that came along. For older names of a route.
 * @example
 * server.get('/openapi/v1.json', (request, reply) => forward(request, reply, { method: 'GET', url: '/openapi.json' }));
 */
export async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  to: { readonly method: 'GET' | 'POST' | 'PUT'; readonly url: string; readonly body?: object },
): Promise<FastifyReply> {
  const answer = await request.server.inject({
    method: to.method,
    url: to.url,
    headers: { ...passedOn(request.headers), ...contextOf(request) },
    remoteAddress: request.ip,
    ...(to.body === undefined ? {} : { payload: to.body }),
  });
  return reply
    .code(answer.statusCode)
    .headers(passedOn(answer.headers))
    .type(typeOf(answer.headers))
    .send(answer.rawPayload);
}

/** The other route's work is a part of this request. */
function contextOf({ context: { correlationId, traceparent, tracestate } }: FastifyRequest): Record<string, string> {
  return {
    'x-correlation-id': correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  };
}

type Headers = { readonly [name: string]: number | string | string[] | undefined };

function passedOn(headers: Headers): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || notPassedOn.has(name)) continue;
    kept[name] = typeof value === 'number' ? String(value) : value;
  }
  return kept;
}

function typeOf(headers: Headers): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? type : 'application/octet-stream';
}
