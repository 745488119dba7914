import { application } from '../../apps/waiting-room/app.ts';
import { startServer } from '../../src/server/start-server.ts';
import { startBenchSystem, untilCaughtUp } from '../bench-system.ts';
import { type Round, summarize } from '../measure.ts';
import type { Part } from '../part.ts';
import { needWrk, runWrk } from '../wrk.ts';

/** The real route: parsing, validation, decision, durable answer; relay, read model and ledger in the same process. */
export const part: Part = {
  name: 'http',
  title: 'HTTP: check-ins over 128 connections, each answered when it is durable',
  run: async (context) => {
    needWrk((line) => context.progress(line));
    const { system } = await startBenchSystem(context, application.system, 'http');
    const server = await startServer(application, system, { host: '127.0.0.1', port: 0 });
    const rounds: Round[] = [];
    const seconds = context.settings.askedSeconds ?? (context.settings.quick ? 2 : 10);
    let nodeCores = 0;
    try {
      await runWrk(server.url, Math.max(1, Math.ceil(context.settings.warmUpSeconds)), 'w');
      for (let round = 1; round <= context.settings.rounds; round += 1) {
        await untilCaughtUp(system);
        await context.settle();
        const before = await system.log.head();
        const cpu = process.cpuUsage();
        const start = performance.now();
        const result = await runWrk(server.url, Math.ceil(seconds), String(round));
        const used = process.cpuUsage(cpu);
        nodeCores = (used.user + used.system) / 1000 / (performance.now() - start);
        if (result.refused + result.failures > 0) {
          throw new Error(`${result.refused} check-ins were refused, ${result.failures} had no answer`);
        }
        const stored = (await system.log.head()).position - before.position;
        if (stored < result.requests) throw new Error(`${result.requests} answers, and ${stored} events stored`);
        rounds.push({ opsPerSecond: result.requests / result.seconds, p50Ms: result.p50Ms, p99Ms: result.p99Ms });
        context.progress(
          `round ${round}/${context.settings.rounds}: ${Math.round(rounds.at(-1)?.opsPerSecond ?? 0)}/s`,
        );
      }
      await untilCaughtUp(system);
    } finally {
      await server.stop();
      await system.stop();
    }
    const summary = summarize(rounds);
    return {
      requirements: [
        { figure: 'check-ins', value: summary.opsPerSecond, unit: '/s', atLeast: 6000, target: 10_000 },
        { figure: 'p99', value: summary.p99Ms, unit: 'ms', atMost: 40 },
      ],
      figures: { connections: 128, ...summary, nodeCores, rounds },
      table: {
        rows: [
          ['check-ins/s', 'min', 'max', 'p50 ms', 'p99 ms', 'Node cores'],
          [
            ...[summary.opsPerSecond, summary.min, summary.max].map((figure) => figure.toLocaleString('en')),
            ...[summary.p50Ms, summary.p99Ms, nodeCores].map((figure) => figure.toFixed(2)),
          ],
        ],
        notes: [`wrk in a process of its own on the same machine; ${seconds} s a round; a new patient in each body`],
      },
    };
  },
};
