import type { Registry } from 'prom-client';
import type { RunningSystem } from '../../running-system.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { LiveFeeds } from '../live-feeds.ts';
import type { MillraceServer } from '../route-module.ts';
import { collectSystemMetrics } from '../system-metrics.ts';

/** The metrics of this process and of the system, for Prometheus. */
export function addMetricsRoute(
  server: MillraceServer,
  system: RunningSystem,
  registry: Registry,
  metrics: Metrics,
  feeds: LiveFeeds,
): void {
  server.get(
    '/metrics',
    {
      schema: {
        tags: ['health'],
        summary: 'Metrics for Prometheus',
        description: 'Text in the exposition format of Prometheus.',
      },
    },
    async (_request, reply) => {
      await collectSystemMetrics(system, metrics);
      for (const { definition, size } of feeds.tails) metrics.liveSubscribers.set({ feed: definition.name }, size);
      return reply.header('content-type', registry.contentType).send(await registry.metrics());
    },
  );
}
