import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClefShipper, type ClefShipperOptions } from '../../src/telemetry/clef-shipper.ts';
import type { LogEventName } from '../../src/telemetry/log-events.ts';
import { listLogFiles } from '../../src/telemetry/log-files.ts';
import { LogOutput } from '../../src/telemetry/log-output.ts';
import { eventually } from '../support/example-databases.ts';
import { SeqPeer } from '../support/seq-peer.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace logs '));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const line = (n: number) => `{"@t":"2026-01-31T09:00:00.000Z","@mt":"line","N":${n}}\n`;
const fileName = (n: number) => `log-20260131T0${n}0000000Z-1-00000${n}.clef`;
const write = (n: number, text: string) => appendFile(path.join(folder, fileName(n)), text);
const numbersOf = (lines: readonly string[]) => lines.map((text) => (JSON.parse(text) as { N?: number }).N);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const all = (from: number, to: number) => range(from, to).map(line).join('');

/** Sends a folder until the work is done. */
async function shipping(
  seq: SeqPeer,
  work: (told: readonly string[]) => Promise<void>,
  options: Partial<ClefShipperOptions> = {},
): Promise<readonly string[]> {
  const told: string[] = [];
  const shipper = new ClefShipper({
    ...{ folder, url: seq.url, apiKey: 'key', interval: 10, longestPause: 20, timeout: 5_000 },
    log: (name: LogEventName, values: object) => told.push(`${name} ${JSON.stringify(values)}`),
    ...options,
  });
  shipper.start();
  try {
    await work(told);
  } finally {
    await shipper.stop(1_000);
  }
  return told;
}

describe('S278, S573: the log files go to Seq', () => {
  test('in batches of whole lines, the oldest file first, and each line once', async () => {
    await using seq = await SeqPeer.start();
    await write(2, all(50, 60));
    await write(1, all(0, 50));
    const told = await shipping(
      seq,
      async () => {
        await seq.until(() => seq.lines.length >= 60);
        // What is being written is not torn apart.
        await write(2, `${line(60)}{"@t":"2026-`);
        await seq.until(() => seq.lines.length >= 61);
        await write(2, '01-31T09:00:00Z","N":61}\n');
        await seq.until(() => seq.lines.length >= 62);
      },
      { batchBytes: 500 },
    );
    expect(numbersOf(seq.lines)).toEqual(range(0, 62));
    expect(Math.max(...seq.requests)).toBeGreaterThan(1);
    expect(seq.requests.length).toBeGreaterThan(5);
    expect(told).toEqual([]);
  });

  test('and go on behind what was sent when another process takes over', async () => {
    await using seq = await SeqPeer.start();
    await write(1, all(0, 10));
    await shipping(seq, () => seq.until(() => seq.lines.length >= 10));
    await write(1, all(10, 20));
    await shipping(seq, () => seq.until(() => seq.lines.length >= 20));
    expect(numbersOf(seq.lines)).toEqual(range(0, 20));
  });

  test('at the end of a process, as far as they were not sent before', async () => {
    await using seq = await SeqPeer.start();
    await shipping(seq, () => write(1, all(0, 10)), { interval: 60_000 });
    expect(numbersOf(seq.lines)).toEqual(range(0, 10));
  });
});

describe('a Seq that is away', () => {
  test.each([
    ['is overloaded', { kind: 'status', status: 503 }, 'seqAway {"Attempts":1,"StatusCode":503}'],
    ['limits', { kind: 'status', status: 429, retryAfter: 1 }, 'seqAway {"Attempts":1,"StatusCode":429}'],
    ['does not know the key', { kind: 'status', status: 401 }, 'seqAway {"Attempts":1,"StatusCode":401}'],
    ['is silent', { kind: 'silent' }, 'seqAway {"Attempts":1}'],
  ] as const)('because it %s is waited for, and nothing is lost; it is told once', async (_why, mood, said) => {
    await using seq = await SeqPeer.start();
    seq.mood = mood;
    await write(1, all(0, 10));
    const told = await shipping(
      seq,
      async () => {
        await seq.until(() => seq.requests.length >= 3);
        await write(1, all(10, 20));
        seq.mood = { kind: 'well' };
        await seq.until(() => seq.lines.length >= 20);
      },
      { timeout: 50 },
    );
    expect(numbersOf(seq.lines)).toEqual(range(0, 20));
    expect(told[0]).toBe(said);
    expect(told.map((text) => text.split(' ')[0])).toEqual(['seqAway', 'seqBack']);
  });

  test('because its port is closed is waited for', async () => {
    const gone = await SeqPeer.start();
    const port = Number(new URL(gone.url).port);
    await gone[Symbol.asyncDispose]();
    await write(1, all(0, 10));
    const told = await shipping(gone, async (soFar) => {
      await eventually('it is away', () => soFar.length > 0);
      await using seq = await SeqPeer.start('key', port);
      await seq.until(() => seq.lines.length >= 10);
      expect(numbersOf(seq.lines)).toEqual(range(0, 10));
    });
    expect(told[0]).toBe('seqAway {"Attempts":1,"Code":"ECONNREFUSED"}');
  });

  test('because the connection is cut behind a batch may get that one twice, and loses none', async () => {
    await using seq = await SeqPeer.start();
    await write(1, all(0, 10));
    seq.mood = { kind: 'cut' };
    await shipping(seq, async () => {
      await seq.until(() => seq.requests.length >= 2);
      seq.mood = { kind: 'well' };
      await seq.until(() => seq.requests.length >= 4 || seq.lines.length % 10 !== 0 || seq.lines.length >= 30);
    });
    expect([...new Set(numbersOf(seq.lines))]).toEqual(range(0, 10));
  });
});

describe('what Seq will not have', () => {
  test('is passed over line by line, and counted', async () => {
    await using seq = await SeqPeer.start();
    await write(1, `${all(0, 7)}{"no time":true}\n${all(7, 20)}[]\n${all(20, 40)}`);
    const told = await shipping(seq, () => seq.until(() => seq.lines.length >= 40));
    expect(numbersOf(seq.lines)).toEqual(range(0, 40));
    const refused = 'linesRefused {"LineCount":1,"StatusCode":400}';
    expect(told).toEqual([refused, refused]);
  });

  test('at once is sent in smaller batches', async () => {
    await using seq = await SeqPeer.start();
    seq.largest = 300;
    await write(1, all(0, 40));
    const told = await shipping(seq, () => seq.until(() => seq.lines.length >= 40));
    expect(numbersOf(seq.lines)).toEqual(range(0, 40));
    expect(told).toEqual([]);
  });
});

/** A process with a log of its own, which is killed or ends. */
async function logging(seq: SeqPeer, prefix: string, count: number) {
  const program = fileURLToPath(new URL('../support/log-child.ts', import.meta.url));
  const child = fork(program, [folder, seq.url, prefix, String(count)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

async function linesInFiles(): Promise<string[]> {
  const texts = await Promise.all(listLogFiles(folder).map((file) => readFile(file.path, 'utf8')));
  return texts.flatMap((text) => text.split('\n').slice(0, -1));
}

test('what a killed process has written and not sent, the next one sends', async () => {
  await using seq = await SeqPeer.start();
  seq.mood = { kind: 'status', status: 503 };
  const first = await logging(seq, 'first', 2_000);
  await eventually('half is in the files', async () => (await linesInFiles()).length >= 1_000);
  first.kill('SIGKILL');
  await once(first, 'close');
  const written = (await linesInFiles()).filter((text) => text.includes('first-'));
  seq.mood = { kind: 'well' };
  const second = await logging(seq, 'second', 10);
  await seq.until(() => seq.lines.filter((text) => text.includes('second-')).length >= 10);
  second.send('end');
  await once(second, 'close');
  expect(seq.lines.filter((text) => text.includes('first-')).toSorted()).toEqual(written.toSorted());
});

test('a Seq that says nothing keeps neither the process nor the log files from going on', async () => {
  await using seq = await SeqPeer.start();
  seq.mood = { kind: 'silent' };
  const output = new LogOutput({
    ...{ folder, keepMs: 3_600_000, keepBytes: 16 * 1024 ** 2, standardOutput: 'none' as const },
    seq: { url: seq.url, apiKey: 'key' },
  });
  output.write(line(0), false, 'failure');
  await seq.until(() => seq.requests.length >= 1);
  for (const n of range(1, 1_000)) output.write(line(n), false, 'usual');
  await output.close(50);
  expect(numbersOf(await linesInFiles())).toEqual(range(0, 1_000));
  expect(seq.lines).toEqual([]);
});

test('lines that come faster than they can be written are dropped and counted, and never fill the memory', async () => {
  const output = new LogOutput({
    ...{ folder, keepMs: 3_600_000, keepBytes: 64 * 1024 ** 2, standardOutput: 'none' as const, seq: undefined },
  });
  const told: unknown[] = [];
  output.tell = (name, values) => told.push([name, values]);
  const long = `${JSON.stringify({ '@t': '2026-01-31T09:00:00Z', text: 'x'.repeat(100_000) })}\n`;
  // All in one turn: nothing can be written meanwhile.
  for (let n = 0; n < 400; n++) output.write(long, false, 'usual');
  const { dropped } = output;
  expect(dropped).toBeGreaterThan(100);
  await output.close();
  expect((await linesInFiles()).length).toBe(400 - dropped);
  expect(told).toEqual([['linesDropped', { LineCount: dropped }]]);
});
