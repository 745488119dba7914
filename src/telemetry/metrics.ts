import { collectDefaultMetrics, Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { metricTable, type MetricEntry } from './metric-table.ts';

type MetricTable = typeof metricTable;
type MetricOf<Entry extends MetricEntry> = Entry['type'] extends 'counter'
  ? Counter
  : Entry['type'] extends 'gauge'
    ? Gauge
    : Histogram;

/** The metrics of the table, bound to a registry. */
export type Metrics = { readonly [Name in keyof MetricTable]: MetricOf<MetricTable[Name]> };

/**
 * The metrics of the table in a registry, made when they are not there yet, with the process metrics of Node beside
 * them. Two calls with the same registry give the same metrics.
 * @example metricsIn(registry).eventsProcessed.inc({ projection: 'carts' });
 */
export function metricsIn(registry: Registry): Metrics {
  if (registry.getSingleMetric('process_start_time_seconds') === undefined) {
    collectDefaultMetrics({ register: registry });
  }
  const metrics: Record<string, Counter | Gauge | Histogram> = {};
  for (const [key, entry] of Object.entries(metricTable)) metrics[key] = metricIn(registry, entry);
  // Built from the table entry by entry, so each is of the kind that the table says.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return metrics as unknown as Metrics;
}

/**
 * Leaves out of a registry what a process with these roles does not tell: of a figure that it does not know, a process
 * must not say 0.
 */
export function tellOnly(registry: Registry, roles: readonly string[]): void {
  for (const { name, toldBy } of Object.values(metricTable)) {
    const told = toldBy === 'every process' || toldBy.split(' ').some((word) => roles.includes(word));
    if (!told) registry.removeSingleMetric(name);
  }
}

function metricIn(registry: Registry, entry: MetricEntry): Counter | Gauge | Histogram {
  const known = registry.getSingleMetric(entry.name);
  if (known instanceof Counter || known instanceof Gauge || known instanceof Histogram) return known;
  const options = { name: entry.name, help: entry.help, labelNames: [...entry.labels], registers: [registry] };
  if (entry.type !== 'histogram') {
    const metric = entry.type === 'counter' ? new Counter(options) : new Gauge(options);
    // One without labels would be 0 before anybody knows.
    if (entry.labels.length === 0) metric.remove();
    return metric;
  }
  return new Histogram({ ...options, buckets: [...(entry.buckets ?? [])] });
}
