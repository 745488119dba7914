import type { RunningSystem } from '../running-system.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What became of the spans of this process; both stay at 0 where nothing is traced. */
export function collectTracing({ tracing }: RunningSystem, { spansExported, spansDropped }: Metrics): void {
  for (const [metric, count] of [
    [spansExported, tracing?.counts.exported ?? 0],
    [spansDropped, tracing?.counts.dropped ?? 0],
  ] as const) {
    metric.reset();
    metric.inc(count);
  }
}
