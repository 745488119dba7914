import type { FastifyRequest } from 'fastify';
import type { RequestTrace, Tracing } from '../tracing.ts';
import type { MillraceServer } from './route-module.ts';

/** Asked so often, and saying so little, that they would only hide the others. */
const untraced = /^\/(?:health(?:\/|$)|metrics$)/;

/**
 * Gives requests a span each, and their commands its context. Called behind `addRequestContext`. Live updates have none:
 * how long somebody listened is no request.
 */
export function addRequestTracing(server: MillraceServer, tracing: Tracing): void {
  const underWay = new WeakMap<FastifyRequest, NonNullable<RequestTrace['end']>>();
  server.addHook('onRequest', (request, _reply, done) => {
    const { context, method, routeOptions } = request;
    const { url, config } = routeOptions;
    if (config.live !== true && (url === undefined || !untraced.test(url))) {
      const { traceparent, tracestate } = context;
      const caller =
        traceparent === undefined ? {} : tracestate === undefined ? { traceparent } : { traceparent, tracestate };
      const trace = tracing.request(method, url, caller, context.correlationId);
      request.context = { ...context, tracestate: undefined, ...trace.context };
      if (trace.end !== undefined) underWay.set(request, trace.end);
    }
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    underWay.get(request)?.(reply.statusCode);
    done();
  });
}
