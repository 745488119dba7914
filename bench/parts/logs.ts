import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { application } from '../../apps/waiting-room/app.ts';
import type { EventLogMode } from '../../src/config.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { startServer, type RunningServer } from '../../src/server/start-server.ts';
import { startSystem } from '../../src/start-system.ts';
import { openProcessLog, type ProcessLog } from '../../src/telemetry/process-log.ts';
import { makeSystemLog } from '../../src/telemetry/system-log.ts';
import { prepareSystem, untilCaughtUp } from '../bench-system.ts';
import { compare, median, summarize, type Round } from '../measure.ts';
import type { Part, PartContext } from '../part.ts';
import { needWrk, runWrk } from '../wrk.ts';

interface Contestant {
  readonly name: 'off' | EventLogMode;
  readonly system: RunningSystem;
  readonly server: RunningServer;
  readonly log: ProcessLog | undefined;
  readonly rounds: Round[];
  /** Processor time of this process for each check-in, to the read models, in microseconds. */
  readonly processorUs: number[];
}

/** A threshold that a busy machine does not reach: what is measured are the settings, and not how slow the machine is. */
const slowMs = 60_000;

/** The same check-ins with and without the log, in turns. */
export const part: Part = {
  name: 'logs',
  title: 'Log: check-ins over 128 connections while they are logged, against the same without a log',
  run: async (context) => {
    needWrk((line) => context.progress(line));
    const { rounds, quick, askedSeconds, warmUpSeconds } = context.settings;
    const seconds = askedSeconds ?? (quick ? 2 : 5);
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-logs-'));
    const contestants: Contestant[] = [];
    try {
      for (const name of ['off', 'asked', 'all'] as const) contestants.push(await start(context, name, folder));
      for (const { server } of contestants) await runWrk(server.url, Math.max(1, Math.ceil(warmUpSeconds)), 'w');
      for (let round = 1; round <= rounds; round += 1) {
        // Each in another place of the turn: what is measured first finds the machine as the last one left it.
        const turn = contestants.map((_, at) => contestants[(at + round) % contestants.length]);
        for (const contestant of turn) if (contestant !== undefined) await measure(context, contestant, seconds, round);
      }
    } finally {
      for (const { server, system, log } of contestants) {
        await server.stop();
        await system.stop();
        await log?.close();
      }
      await rm(folder, { recursive: true, force: true });
    }
    const [off] = contestants;
    const results = contestants.map(({ name, rounds: own, processorUs, log }) => ({
      ...{ name, ...summarize(own), ratio: compare(own, off?.rounds ?? []), rounds: own },
      processorUs: median(processorUs),
      processorRatio: median(processorUs.map((us, at) => us / (off?.processorUs[at] ?? us))),
      dropped: log?.dropped() ?? 0,
    }));
    return {
      requirements: results
        .filter(({ name }) => name === 'asked')
        .map(({ name, ratio }) => ({ figure: `${name} against off`, value: ratio.median, atLeast: 0.9 })),
      figures: { seconds, results },
      table: {
        rows: [
          ['', 'check-ins/s', 'p50 ms', 'p99 ms', 'against off', 'CPU µs each', 'against off', 'lines dropped'],
          ...results.map((result) => [
            result.name,
            result.opsPerSecond.toLocaleString('en'),
            result.p50Ms.toFixed(1),
            result.p99Ms.toFixed(1),
            `${result.ratio.median} (${result.ratio.min}–${result.ratio.max})`,
            result.processorUs.toFixed(0),
            result.processorRatio.toFixed(2),
            result.dropped.toLocaleString('en'),
          ]),
        ],
        notes: [`${rounds} rounds of ${seconds} s in turns; ratios round by round; files alone, no Seq`],
      },
    };
  },
};

async function start(context: PartContext, name: 'off' | EventLogMode, folder: string): Promise<Contestant> {
  const urls = await prepareSystem(context, application.system, `logs_${name}`);
  const log = name === 'off' ? undefined : openLog(name, join(folder, name));
  const systemLog =
    log === undefined ? undefined : makeSystemLog(log.log, { mode: name === 'all' ? 'all' : 'asked', slowMs });
  const warn = (message: string): void => context.progress(`  ${name}: ${message}`);
  const system = await startSystem(application.system, {
    ...urls,
    ...(systemLog === undefined ? { logger: { info: () => undefined, warn, error: warn } } : { systemLog }),
  });
  const server = await startServer(application, system, {
    ...{ host: '127.0.0.1', port: 0 },
    ...(systemLog === undefined ? {} : { onRequestDone: (request) => systemLog.way.requestDone(request) }),
  });
  return { name, system, server, log, rounds: [], processorUs: [] };
}

function openLog(events: EventLogMode, folder: string): ProcessLog {
  const settings = { folder, keepMs: 3_600_000, keepBytes: 256 * 1024 ** 2, events, slowMs, seq: undefined };
  return openProcessLog({ application: 'bench', roles: ['api'], level: 'info', settings, isTerminal: true });
}

async function measure(context: PartContext, contestant: Contestant, seconds: number, round: number): Promise<void> {
  const { name, system, server, rounds, processorUs } = contestant;
  await context.settle();
  const before = process.cpuUsage();
  const { requests, refused, failures, seconds: took, p50Ms, p99Ms } = await runWrk(server.url, seconds, String(round));
  if (refused + failures > 0) throw new Error(`${refused} check-ins were refused, ${failures} had no answer`);
  rounds.push({ opsPerSecond: requests / took, p50Ms, p99Ms });
  context.progress(`round ${round} ${name}: ${Math.round(requests / took)}/s`);
  await untilCaughtUp(system);
  const used = process.cpuUsage(before);
  processorUs.push((used.user + used.system) / requests);
}
