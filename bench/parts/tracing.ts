import { application } from '../../apps/waiting-room/app.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { startServer, type RunningServer } from '../../src/server/start-server.ts';
import { startSystem } from '../../src/start-system.ts';
import { startTracing } from '../../src/telemetry/start-tracing.ts';
import type { RunningTracing } from '../../src/tracing.ts';
import { prepareSystem, untilCaughtUp } from '../bench-system.ts';
import { compare, median, summarize, type Round } from '../measure.ts';
import type { Part, PartContext } from '../part.ts';
import { Worker } from '../worker.ts';
import { needWrk, runWrk } from '../wrk.ts';

/** What is looked at. `ratio`: the share of requests that are traced; undefined for tracing that is off. */
interface Kind {
  readonly name: string;
  readonly ratio: number | undefined;
  /** Of what is answered without any of it. */
  readonly atLeast?: number;
}

const kinds: readonly Kind[] = [
  { name: 'off', ratio: undefined },
  { name: '1 % of traces', ratio: 0.01, atLeast: 0.9 },
  { name: 'all traces', ratio: 1 },
];

interface Contestant extends Kind {
  readonly system: RunningSystem;
  readonly server: RunningServer;
  readonly tracing: RunningTracing | undefined;
  readonly rounds: Round[];
  /** Processor time of this process for each check-in, to the read model, in microseconds, round by round. */
  readonly processorUs: number[];
}

/** The same check-ins with and without what looks at them, in turns. */
export const part: Part = {
  name: 'tracing',
  title: 'Tracing: check-ins over 128 connections while they are traced, against the same without',
  run: async (context) => {
    needWrk((line) => context.progress(line));
    const { rounds, quick, askedSeconds, warmUpSeconds, only } = context.settings;
    const seconds = askedSeconds ?? (quick ? 2 : 5);
    const sink = new Worker('otlp-sink.ts', []);
    const endpoint = await sink.nextLine();
    const contestants: Contestant[] = [];
    try {
      for (const kind of kinds) {
        if (only.length > 0 && kind.ratio !== undefined && !only.includes(kind.name)) continue;
        contestants.push(await start(context, kind, endpoint, contestants.length));
      }
      for (const { server } of contestants) await runWrk(server.url, Math.max(1, Math.ceil(warmUpSeconds)), 'w');
      for (let round = 1; round <= rounds; round += 1) {
        // Each in another place of the turn: what is measured first finds the machine as the last one left it.
        const turn = contestants.map((_, at) => contestants[(at + round) % contestants.length]);
        for (const contestant of turn) if (contestant !== undefined) await measure(context, contestant, seconds, round);
      }
    } finally {
      for (const { server, system, tracing } of contestants) {
        await server.stop();
        await system.stop();
        await tracing?.stop();
      }
      sink.say('end');
      await sink.ended();
    }
    const off = contestants[0]?.rounds ?? [];
    const offUs = contestants[0]?.processorUs ?? [];
    const results = contestants.map(({ name, atLeast, rounds: own, processorUs, tracing }) => ({
      ...{ name, atLeast, ...summarize(own), ratio: compare(own, off), rounds: own },
      processorUs: median(processorUs),
      processorRatio: median(processorUs.map((us, at) => us / (offUs[at] ?? us))),
      exported: tracing?.counts.exported ?? 0,
      dropped: tracing?.counts.dropped ?? 0,
    }));
    return {
      requirements: results.flatMap(({ name, ratio, atLeast }) =>
        atLeast === undefined ? [] : [{ figure: `${name} against off`, value: ratio.median, atLeast }],
      ),
      figures: { seconds, results },
      table: {
        rows: [
          [
            '',
            'check-ins/s',
            'p50 ms',
            'p99 ms',
            'against off',
            'CPU µs each',
            'against off',
            'spans taken',
            'dropped',
          ],
          ...results.map((result) => [
            result.name,
            result.opsPerSecond.toLocaleString('en'),
            result.p50Ms.toFixed(1),
            result.p99Ms.toFixed(1),
            `${result.ratio.median} (${result.ratio.min}–${result.ratio.max})`,
            result.processorUs.toFixed(0),
            result.processorRatio.toFixed(2),
            result.exported.toLocaleString('en'),
            result.dropped.toLocaleString('en'),
          ]),
        ],
        notes: [
          `${rounds} rounds of ${seconds} s in turns; ratios round by round; spans go to a process that throws them away`,
        ],
      },
    };
  },
};

async function start(context: PartContext, kind: Kind, endpoint: string, number: number): Promise<Contestant> {
  const { ratio } = kind;
  const urls = await prepareSystem(context, application.system, `tracing_${number}`);
  const tracing =
    ratio === undefined
      ? undefined
      : await startTracing({ endpoint, service: 'bench', sampler: 'parentbased_traceidratio', ratio });
  const warn = (message: string): void => context.progress(`  ${kind.name}: ${message}`);
  const logger = { info: () => undefined, warn, error: warn };
  const system = await startSystem(application.system, {
    ...urls,
    logger,
    ...(tracing === undefined ? {} : { tracing }),
  });
  const server = await startServer(application, system, { host: '127.0.0.1', port: 0 });
  return { ...kind, system, server, tracing, rounds: [], processorUs: [] };
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
