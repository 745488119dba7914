/**
 * A waiting room in a process of its own, with some of its telemetry: `off`, `metrics`, or `all`. `turn <seconds>
 * <first>` on standard input loads it and is answered with the events a second; `end` stops it.
 */
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { application } from '../../apps/waiting-room/app.ts';
import { checkInToUnlimitedQueue } from '../../apps/waiting-room/domain/check-in-unlimited.ts';
import { MillraceError, type RunningSystem } from '../../src/index.ts';
import { startServer, type ServerOptions } from '../../src/server/start-server.ts';
import { startSystem } from '../../src/start-system.ts';
import { openProcessLog } from '../../src/telemetry/process-log.ts';
import { startTracing } from '../../src/telemetry/start-tracing.ts';
import { makeSystemLog } from '../../src/telemetry/system-log.ts';
import { untilCaughtUp, type SystemUrls } from '../bench-system.ts';
import { checkInCommand } from '../check-ins.ts';

const callers = 64;
const scrapeEveryMs = 1_000;

/** A system with some of its telemetry on. */
interface Variant {
  readonly system: RunningSystem;
  /** Where `/metrics` is asked during the load; undefined for never. */
  readonly metricsUrl: string | undefined;
  stop(): Promise<void>;
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

/** Starts a server on a system; what is given last ends behind both. */
async function served(
  system: RunningSystem,
  options: Partial<ServerOptions> = {},
  ...last: (() => Promise<unknown>)[]
) {
  const server = await startServer(application, system, { host: '127.0.0.1', port: 0, ...options });
  const stop = async () => {
    await server.stop();
    await system.stop();
    for (const end of last) await end();
  };
  return { system, metricsUrl: `${server.url}/metrics`, stop };
}

/** The same server, whose metrics hear nothing and are not asked. */
async function startOff(urls: SystemUrls): Promise<Variant> {
  const system = await startSystem(application.system, { ...urls, conservationInterval: Infinity });
  // The load goes to the system itself.
  return { ...(await served(unheard(system))), system, metricsUrl: undefined };
}

/** All metrics, a scrape every second, log and read models compared all the time. */
async function startMetrics(urls: SystemUrls): Promise<Variant> {
  return served(await startSystem(application.system, urls));
}

/** All of it, as a process has it by default with a log folder and a receiver of traces: metrics, log, 1 % of traces. */
async function startAll(urls: SystemUrls, endpoint: string, folder: string): Promise<Variant> {
  const slowMs = 60_000;
  const kept = { folder, keepMs: 3_600_000, keepBytes: 256 * 1024 ** 2 };
  const settings = { ...kept, events: 'asked', slowMs, seq: undefined } as const;
  const log = openProcessLog({ application: 'bench', roles: ['api'], level: 'info', settings, isTerminal: true });
  const systemLog = makeSystemLog(log.log, { mode: 'asked', slowMs });
  const sampler = 'parentbased_traceidratio';
  const tracing = await startTracing({ endpoint, service: 'bench', sampler, ratio: 0.01 });
  const system = await startSystem(application.system, { ...urls, systemLog, tracing });
  return served(
    system,
    { onRequestDone: (request) => systemLog.way.requestDone(request) },
    () => tracing.stop(),
    () => log.close(),
  );
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

const [telemetry = '', eventStoreUrl = '', readModelsUrl = '', endpoint = '', folder = ''] = process.argv.slice(2);
const urls = { eventStoreUrl, readModelsUrl };
const variant = await (telemetry === 'off'
  ? startOff(urls)
  : telemetry === 'metrics'
    ? startMetrics(urls)
    : startAll(urls, endpoint, folder));
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [order, seconds = '', first = ''] = line.split(' ');
  if (order !== 'turn') break;
  process.stdout.write(`${await turn(variant, Number(seconds), Number(first))}\n`);
}
await variant.stop();
// A pipe that is open keeps the process.
process.stdin.destroy();
