import type { FinishedRequest } from '../telemetry/way.ts';
import type { MillraceServer } from './route-module.ts';

/** Tells of every request that was answered, by its route: the values in a path are nobody's business. */
export function addRequestLog(server: MillraceServer, onDone: (request: FinishedRequest) => void): void {
  server.addHook('onResponse', (request, reply, done) => {
    // A URL that cannot be read fails before it has a context; a live connection lasts as long as somebody listens.
    const context: typeof request.context | undefined = request.context;
    if (context !== undefined && request.routeOptions.config.live !== true) {
      onDone({
        method: request.method,
        route: request.routeOptions.url ?? 'unmatched',
        status: reply.statusCode,
        elapsedMs: reply.elapsedTime,
        correlationId: context.correlationId,
        traceparent: context.traceparent,
      });
    }
    done();
  });
}
