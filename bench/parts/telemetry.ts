import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { application } from '../../apps/waiting-room/app.ts';
import { prepareSystem } from '../bench-system.ts';
import { median } from '../measure.ts';
import type { Part } from '../part.ts';
import { Worker } from '../worker.ts';

const variants = [
  { id: 'off', name: 'off' },
  { id: 'metrics', name: 'metrics' },
  { id: 'all', name: 'metrics, log, 1 % of traces' },
] as const;

/** What telemetry costs: the same load on systems with and without, turn by turn, each in a process of its own. */
export const part: Part = {
  name: 'telemetry',
  title: 'Telemetry: the whole way of an event with it and without it',
  run: async (context) => {
    const { rounds, quick, askedSeconds } = context.settings;
    const seconds = askedSeconds ?? (quick ? 2 : 10);
    const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-telemetry-'));
    const sink = new Worker('otlp-sink.ts', []);
    const endpoint = await sink.nextLine();
    const workers: { readonly name: string; readonly worker: Worker; readonly rates: number[] }[] = [];
    const turn = async (worker: Worker, lasts: number, first: number): Promise<number> => {
      worker.say(`turn ${lasts} ${first}`);
      return Number(await worker.nextLine());
    };
    try {
      for (const { id, name } of variants) {
        const urls = await prepareSystem(context, application.system, `telemetry_${id}`);
        const settings = [id, urls.eventStoreUrl, urls.readModelsUrl, endpoint, folder];
        const worker = new Worker('telemetry-variant.ts', settings);
        workers.push({ name, worker, rates: [] });
        await worker.nextLine();
      }
      for (const { worker } of workers) await turn(worker, 3, 1_000_000_000);
      for (let round = 0; round < rounds; round++) {
        for (const { worker, rates } of round % 2 === 0 ? workers : workers.toReversed()) {
          await context.settle();
          rates.push(await turn(worker, seconds, round * 10_000_000));
        }
        const told = workers.map(({ name, rates }) => `${name} ${Math.round(rates.at(-1) ?? 0)}/s`);
        context.progress(`round ${round + 1}/${rounds}: ${told.join(', ')}`);
      }
    } finally {
      for (const { worker } of [...workers, { worker: sink }]) {
        worker.say('end');
        await worker.ended();
      }
      await rm(folder, { recursive: true, force: true });
    }
    const [off, ...others] = workers;
    const ratios = others.map(({ name, rates }) => ({
      name,
      rates,
      ratio: median(rates.map((rate, round) => rate / (off?.rates[round] ?? Number.NaN))),
    }));
    return {
      requirements: ratios.map(({ name, ratio }) => ({ figure: `${name} against off`, value: ratio, atLeast: 0.9 })),
      figures: { seconds, off: off?.rates, ratios },
      table: {
        rows: [
          ['telemetry', 'events/s', 'against off'],
          ['off', Math.round(median(off?.rates ?? [])).toLocaleString('en'), ''],
          ...ratios.map(({ name, rates, ratio }) => [
            name,
            Math.round(median(rates)).toLocaleString('en'),
            ratio.toFixed(2),
          ]),
        ],
        notes: [
          `64 callers for ${seconds} s a turn, until all is in the read model; medians, ratios of neighbouring turns`,
        ],
      },
    };
  },
};
