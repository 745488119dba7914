import { setTimeout as pause } from 'node:timers/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { application } from '../../apps/waiting-room/app.ts';
import { waitingRoomEvents } from '../../apps/waiting-room/domain/events.ts';
import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { startServer } from '../../src/server/start-server.ts';
import { metricTable } from '../../src/telemetry/metric-table.ts';
import { startBenchSystem } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import { callPaced } from '../paced.ts';
import type { Part } from '../part.ts';

const perSecond = 300;
const scrapeEveryMs = 250;
const quietScrapes = 50;
const described = Type.Object({
  paths: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())),
});
/** Those of a histogram besides its buckets: +Inf, sum, count. */
const besidesBuckets = 3;

/** Asks every route of the API once: each has series of its own then. What is refused is counted like the rest. */
async function askEveryRoute(url: string): Promise<number> {
  const description: unknown = await (await fetch(`${url}/openapi.json`)).json();
  const { paths } = Value.Parse(described, description);
  let asked = 0;
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) {
      const body = ['post', 'put', 'patch'].includes(method) ? '{}' : undefined;
      const request = new AbortController();
      // A stream of events would not end by itself.
      setTimeout(() => request.abort(), 1_000).unref();
      await fetch(url + path.replaceAll(/\{\w+\}/g, '1'), {
        method: method.toUpperCase(),
        signal: request.signal,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body }),
      })
        .then((answer) => answer.arrayBuffer())
        .catch(() => undefined);
      asked += 1;
    }
  }
  return asked;
}

/** What reading `/metrics` takes while events come, and how much there is to read. */
export const part: Part = {
  name: 'scrape',
  title: 'Scrape: /metrics of one process that does everything, under load',
  run: async (context) => {
    const seconds = context.settings.askedSeconds ?? (context.settings.quick ? 5 : 30);
    const { system } = await startBenchSystem(context, application.system, 'scrape');
    const server = await startServer(application, system, { host: '127.0.0.1', port: 0 });
    const took: number[] = [];
    let text = '';
    let routes = 0;
    let cpuMs = 0;
    try {
      routes = await askEveryRoute(server.url);
      const load = new AbortController();
      const scraper = (async () => {
        while (!load.signal.aborted) {
          const begun = performance.now();
          text = await (await fetch(`${server.url}/metrics`)).text();
          took.push(performance.now() - begun);
          await pause(scrapeEveryMs);
        }
      })();
      await callPaced({ perSecond, calls: perSecond * seconds }, async (n) => {
        await system.execute(checkInToUnlimitedQueue, checkInCommand(n, `queue-${n % 8}`));
      });
      load.abort();
      await scraper;
      const cpu = process.cpuUsage();
      for (let n = 0; n < quietScrapes; n++) await (await fetch(`${server.url}/metrics`)).arrayBuffer();
      const used = process.cpuUsage(cpu);
      cpuMs = (used.user + used.system) / 1000 / quietScrapes;
    } finally {
      await server.stop();
      await system.stop();
    }
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const seen = new Set(lines.map((line) => /^event_processing_lag_ms\{event_name="(\w+)"/.exec(line)?.[1]));
    seen.delete(undefined);
    const perType = metricTable.eventProcessingLagSeconds.buckets.length + besidesBuckets + 1;
    const most = lines.length + (waitingRoomEvents.length - seen.size) * perType;
    const sorted = took.toSorted((a, b) => a - b);
    const at = (part: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
    return {
      requirements: [
        { figure: 'scrape, median', value: at(0.5), unit: 'ms', atMost: 20 },
        { figure: 'series with every route and type of event', value: most, atMost: 2_000 },
      ],
      figures: {
        seconds,
        perSecond,
        routes,
        scrapes: took.length,
        p50Ms: at(0.5),
        p95Ms: at(0.95),
        cpuMs,
        series: lines.length,
        most,
      },
      table: {
        rows: [
          ['scrapes', 'p50 ms', 'p95 ms', 'CPU ms, no load', 'series', 'at most'],
          [
            String(took.length),
            at(0.5).toFixed(1),
            at(0.95).toFixed(1),
            cpuMs.toFixed(1),
            String(lines.length),
            String(most),
          ],
        ],
        notes: [
          `${perSecond.toLocaleString('en')} check-ins a second for ${seconds} s; asked from the same process; ${routes} routes were asked before`,
        ],
      },
    };
  },
};
