import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { application } from '../../apps/waiting-room/app.ts';
import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { MillraceError, type RunningSystem } from '../../src/index.ts';
import { startServer } from '../../src/server/start-server.ts';
import { startSystem } from '../../src/start-system.ts';
import { openProcessLog } from '../../src/telemetry/process-log.ts';
import { startTracing } from '../../src/telemetry/start-tracing.ts';
import { makeSystemLog } from '../../src/telemetry/system-log.ts';
import { prepareSystem, untilCaughtUp } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';
import { median } from '../measure.ts';
import type { Part, PartContext } from '../part.ts';
import { Worker } from '../worker.ts';

const callers = 64;
const scrapeEveryMs = 1_000;

/** A system with some of its telemetry on, which gets its turns of the load. */
interface Variant {
  readonly name: string;
  readonly system: RunningSystem;
  /** Where `/metrics` is asked during the load; undefined for never. */
  readonly metricsUrl: string | undefined;
  stop(): Promise<void>;
}

/** The same server, whose metrics hear nothing and are not asked. */
async function startOff(context: PartContext): Promise<Variant> {
  const urls = await prepareSystem(context, application.system, 'telemetry_off');
  const system = await startSystem(application.system, { ...urls, conservationInterval: Infinity });
  const server = await startServer(application, unheard(system), { host: '127.0.0.1', port: 0 });
  const stop = async () => {
    await server.stop();
    await system.stop();
  };
  return { name: 'off', system, metricsUrl: undefined, stop };
}

/** The system as a server sees it that is not told what consumers apply. */
function unheard(system: RunningSystem): RunningSystem {
  return new Proxy(system, {
    get: (target, name): unknown => {
      if (name === 'onApplied') return undefined;
      const value: unknown = Reflect.get(target, name, target);
      // Its methods reach for private fields, which a proxy has none of.
      return typeof value === 'function'
        ? (...given: unknown[]): unknown => Reflect.apply(value, target, given)
        : value;
    },
  });
}

/** All metrics, a scrape every second, log and read models compared all the time. */
async function startMetrics(context: PartContext): Promise<Variant> {
  const urls = await prepareSystem(context, application.system, 'telemetry_metrics');
  const system = await startSystem(application.system, urls);
  const server = await startServer(application, system, { host: '127.0.0.1', port: 0 });
  const stop = async () => {
    await server.stop();
    await system.stop();
  };
  return { name: 'metrics', system, metricsUrl: `${server.url}/metrics`, stop };
}

/** All of it, as a process has it by default with a log folder and a receiver of traces: metrics, log, 1 % of traces. */
async function startAll(context: PartContext, endpoint: string, folder: string): Promise<Variant> {
  const urls = await prepareSystem(context, application.system, 'telemetry_all');
  const slowMs = 60_000;
  const settings = {
    folder,
    keepMs: 3_600_000,
    keepBytes: 256 * 1024 ** 2,
    events: 'asked',
    slowMs,
    seq: undefined,
  } as const;
  const log = openProcessLog({ application: 'bench', roles: ['api'], level: 'info', settings, isTerminal: true });
  const systemLog = makeSystemLog(log.log, { mode: 'asked', slowMs });
  const sampler = 'parentbased_traceidratio';
  const tracing = await startTracing({ endpoint, service: 'bench', sampler, ratio: 0.01 });
  const system = await startSystem(application.system, { ...urls, systemLog, tracing });
  const server = await startServer(application, system, {
    ...{ host: '127.0.0.1', port: 0 },
    onRequestDone: (request) => systemLog.way.requestDone(request),
  });
  const stop = async () => {
    await server.stop();
    await system.stop();
    await tracing.stop();
    await log.close();
  };
  return { name: 'metrics, log, 1 % of traces', system, metricsUrl: `${server.url}/metrics`, stop };
}

/** Check-ins by many callers, from the first call until all of them are in the read model: events a second. */
async function turn({ system, metricsUrl }: Variant, seconds: number, first: number): Promise<number> {
  const begun = performance.now();
  const before = (await system.log.head()).position;
  let n = first;
  const isOver = () => performance.now() - begun > seconds * 1000;
  const caller = async () => {
    while (!isOver()) {
      n += 1;
      await system.execute(checkInToUnlimitedQueue, checkInCommand(n, `queue-${n % 8}`)).catch((error: unknown) => {
        if (!(error instanceof MillraceError) || error.code !== 'QUEUE_FULL') throw error;
      });
    }
  };
  const scraper = async () => {
    if (metricsUrl === undefined) return;
    while (!isOver()) {
      await (await fetch(metricsUrl)).arrayBuffer();
      await pause(scrapeEveryMs);
    }
  };
  await Promise.all([...Array.from({ length: callers }, caller), scraper()]);
  const after = await untilCaughtUp(system);
  return ((after - before) * 1000) / (performance.now() - begun);
}

/** What telemetry costs: the same load on systems with and without, turn by turn. */
export const part: Part = {
  name: 'telemetry',
  title: 'Telemetry: the whole way of an event with it and without it',
  run: async (context) => {
    const { rounds, quick, askedSeconds } = context.settings;
    const seconds = askedSeconds ?? (quick ? 2 : 10);
    const off = await startOff(context);
    const sink = new Worker('otlp-sink.ts', []);
    const endpoint = await sink.nextLine();
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-telemetry-'));
    const variants = [await startMetrics(context), await startAll(context, endpoint, folder)];
    const all = [off, ...variants];
    const rates = new Map(all.map(({ name }) => [name, [] as number[]]));
    try {
      for (const variant of all) await turn(variant, 2, 1_000_000_000);
      for (let round = 0; round < rounds; round++) {
        for (const variant of round % 2 === 0 ? all : all.toReversed()) {
          await context.settle();
          rates.get(variant.name)?.push(await turn(variant, seconds, round * 10_000_000));
        }
        context.progress(
          `round ${round + 1}/${rounds}: ${all.map(({ name }) => `${name} ${Math.round(rates.get(name)?.at(-1) ?? 0)}/s`).join(', ')}`,
        );
      }
    } finally {
      for (const variant of all) await variant.stop();
      sink.say('end');
      await sink.ended();
      await rm(folder, { recursive: true, force: true });
    }
    const withoutAny = rates.get(off.name) ?? [];
    const ratios = variants.map(({ name }) => ({
      name,
      ratio: median((rates.get(name) ?? []).map((rate, round) => rate / (withoutAny[round] ?? Number.NaN))),
    }));
    return {
      requirements: ratios.map(({ name, ratio }) => ({ figure: `${name} against off`, value: ratio, atLeast: 0.9 })),
      figures: { seconds, rates: Object.fromEntries(rates), ratios },
      table: {
        rows: [
          ['telemetry', 'events/s', 'against off'],
          ['off', Math.round(median(withoutAny)).toLocaleString('en'), ''],
          ...ratios.map(({ name, ratio }) => [
            name,
            Math.round(median(rates.get(name) ?? [])).toLocaleString('en'),
            ratio.toFixed(2),
          ]),
        ],
        notes: [
          `${callers} callers for ${seconds} s a turn, until all is in the read model; medians, ratios of neighbouring turns`,
        ],
      },
    };
  },
};
