import type { Registry } from 'prom-client';
import { tellOnly, type Metrics } from '../../telemetry/metrics.ts';
import type { LiveFeeds } from '../live-feeds.ts';
import type { MillraceServer } from '../route-module.ts';
import { SystemMetrics } from '../system-metrics.ts';

/** The metrics of this process and of the system, for Prometheus. */
export function addMetricsRoute(server: MillraceServer, registry: Registry, metrics: Metrics, feeds?: LiveFeeds): void {
  tellOnly(registry, server.system.roles);
  const systemMetrics = new SystemMetrics(server.system, metrics);
  server.addHook('onClose', async () => systemMetrics.stop());
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
      await systemMetrics.collect();
      for (const { definition, size } of feeds?.tails ?? [])
        metrics.liveSubscribers.set({ feed: definition.name }, size);
      return reply.header('content-type', registry.contentType).send(await registry.metrics());
    },
  );
}
