import { Client } from 'pg';
import { prepareSystem, type SystemUrls } from '../bench-system.ts';
import { median } from '../measure.ts';
import { orderSystem } from '../order-system.ts';
import type { Part, PartContext } from '../part.ts';
import { Worker } from '../worker.ts';

const streams = 64;
const callers = 64;

/** Every turn has streams of its own: what a young process reads of a long history is no contention. */
let turns = 0;

interface WriterResult {
  readonly commands: number;
  /** Those of the warm-up as well. */
  readonly stored: number;
  readonly slowestMs: number;
  readonly elapsedSeconds: number;
}

interface Turn {
  readonly perSecond: number;
  readonly slowestMs: number;
  readonly stored: number;
}

/** Two processes that decide on the same streams: each makes the other's decisions stale. */
export const part: Part = {
  name: 'contended',
  title: 'Contended: two processes write to the same 64 streams, against one',
  run: async (context) => {
    const urls = await prepareSystem(context, orderSystem, 'contended');
    const one: Turn[] = [];
    const two: Turn[] = [];
    for (let round = 1; round <= context.settings.rounds; round += 1) {
      one.push(await turn(context, urls, 1));
      two.push(await turn(context, urls, 2));
      const [alone, together] = [one.at(-1)?.perSecond ?? 0, two.at(-1)?.perSecond ?? 0];
      context.progress(
        `round ${round}/${context.settings.rounds}  one ${Math.round(alone)}/s, two ${Math.round(together)}/s`,
      );
    }
    const answered = [...one, ...two].reduce((sum, { stored }) => sum + stored, 0);
    await checkStored(urls.eventStoreUrl, answered);
    const ratio = median(two.map(({ perSecond }, round) => perSecond / (one[round]?.perSecond ?? NaN)));
    const slowestMs = Math.max(...two.map((each) => each.slowestMs));
    const oneProcess = Math.round(median(one.map(({ perSecond }) => perSecond)));
    const twoProcesses = Math.round(median(two.map(({ perSecond }) => perSecond)));
    return {
      requirements: [
        { figure: 'ratio', value: ratio, atLeast: 0.5 },
        { figure: 'slowest', value: slowestMs, unit: 'ms', atMost: 1000 },
      ],
      figures: { streams, callersEach: callers, oneProcess, twoProcesses, ratio, slowestMs, rounds: { one, two } },
      table: {
        rows: [
          ['', 'commands/s', 'slowest ms'],
          ['one process', oneProcess.toLocaleString('en'), Math.max(...one.map((each) => each.slowestMs)).toFixed(0)],
          ['two processes', twoProcesses.toLocaleString('en'), slowestMs.toFixed(0)],
        ],
        notes: [`two over one, round by round: ${ratio.toFixed(2)}; ${callers} callers in each process`],
      },
    };
  },
};

async function turn(context: PartContext, urls: SystemUrls, processes: number): Promise<Turn> {
  turns += 1;
  const writers = Array.from({ length: processes }, () => startWriter(urls, context, turns));
  try {
    for (const writer of writers) await writer.nextLine();
    await context.settle();
    for (const writer of writers) writer.say('go');
    const results = await Promise.all(writers.map(async (writer) => readResult(await writer.nextLine())));
    return {
      perSecond: results.reduce((sum, { commands, elapsedSeconds }) => sum + commands / elapsedSeconds, 0),
      slowestMs: Math.max(...results.map(({ slowestMs }) => slowestMs)),
      stored: results.reduce((sum, { stored }) => sum + stored, 0),
    };
  } finally {
    await Promise.all(writers.map((writer) => writer.ended()));
  }
}

function startWriter(urls: SystemUrls, { settings: { warmUpSeconds, seconds } }: PartContext, number: number): Worker {
  return new Worker('contended-writer.ts', [
    urls.eventStoreUrl,
    urls.readModelsUrl,
    String(streams),
    String(callers),
    String(warmUpSeconds),
    String(seconds),
    String(number),
  ]);
}

function readResult(line: string): WriterResult {
  // Printed by contended-writer.ts, in this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(line) as WriterResult;
}

async function checkStored(url: string, answered: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<{ events: number; last: number }>(
      `select count(*)::int as events, max(position)::int as last from ${orderSystem.tables.events}`,
    );
    const { events = 0, last = 0 } = result.rows[0] ?? {};
    if (events !== answered || last !== answered) {
      throw new Error(`${answered} commands were answered; ${events} events are stored, the last at ${last}`);
    }
  } finally {
    await client.end();
  }
}
