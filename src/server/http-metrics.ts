import type { Metrics } from '../telemetry/metrics.ts';
import type { MillraceServer } from './route-module.ts';

/** Counts and times every request by method, route pattern and status. Paths that match no route share one label. */
export function addHttpMetrics(server: MillraceServer, metrics: Metrics): void {
  const { httpRequests, httpRequestDuration } = metrics;
  server.addHook('onResponse', (request, reply, done) => {
    if (request.routeOptions.config.live === true) {
      // How long somebody listened says nothing about how fast we are.
      done();
      return;
    }
    const labels = { method: request.method, route: request.routeOptions.url ?? 'unmatched' };
    httpRequests.inc({ ...labels, status: reply.statusCode });
    httpRequestDuration.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}
