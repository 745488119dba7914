import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clefWriter } from '../../telemetry/clef-line.ts';
import type { LogsOptions } from '../commands/logs.ts';
import { sinceWhen } from '../option-values.ts';
import { logs } from './logs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = clefWriter({ application: 'shop', processId: 7, serviceType: 'Api' });
const second = (n: number) => Date.UTC(2026, 0, 31, 9, 0, n);
const request = (n: number, id = 'abc-123') =>
  write(
    'requestDone',
    { RequestMethod: 'GET', RequestPath: '/', StatusCode: 200, ElapsedMs: n, CorrelationId: id },
    {},
    second(n),
  );
const file = (name: string) => path.join(folder, name);
const one = 'log-20260131T090000000Z-1-000001.clef';
const other = 'way-20260131T090001000Z-2-000002.clef';

/** A terminal that keeps what is written, and tells of each line. */
function keeping(onLine: (lines: readonly string[]) => void = () => undefined) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    out: (line: string) => {
      out.push(line);
      onLine(out);
    },
    err: (line: string) => void err.push(line),
    progress: () => undefined,
    endProgress: () => undefined,
  };
  return { out, err, terminal };
}

async function found(query?: string, options: Partial<LogsOptions> = {}) {
  const { out, err, terminal } = keeping();
  await logs(query, { folder, last: 1_000, ...options }, terminal);
  return { out, err, times: out.map((line) => /09:00:(\d\d)/.exec(line)?.[1]) };
}

describe('millrace logs', () => {
  test('prints the lines that fit, of all files, in the order in which it happened', async () => {
    writeFileSync(file(one), request(1) + request(4) + request(5, 'other'));
    writeFileSync(file(other), request(2) + request(3));
    const { out, err, times } = await found('CorrelationId = "abc-123"');
    expect(times).toEqual(['01', '02', '03', '04']);
    expect(out[0]).toBe(
      '2026-01-31T09:00:01.000Z Information Api GET / answered with 200 in 1 ms  CorrelationId=abc-123',
    );
    expect(err).toEqual([]);
  });

  test('prints the newest so many, and says how many there are besides', async () => {
    writeFileSync(file(one), request(1) + request(3));
    writeFileSync(file(other), request(2) + request(4));
    const { times, err } = await found(undefined, { last: 3 });
    expect(times).toEqual(['02', '03', '04']);
    expect(err).toEqual(['1 older lines fit as well; --last 4 prints them.']);
  });

  test('prints what came since a time', async () => {
    writeFileSync(file(one), [1, 2, 3, 4].map((n) => request(n)).join(''));
    expect((await found('', { since: sinceWhen('2026-01-31T09:00:03Z') })).times).toEqual(['03', '04']);
  });

  test('prints lines as they stand, for other programs', async () => {
    writeFileSync(file(one), request(1));
    expect((await found(undefined, { json: true })).out).toEqual([request(1).trimEnd()]);
  });

  test('shows where an error comes from', async () => {
    writeFileSync(
      file(one),
      write('rebuildFailed', { Exception: 'Error: X\n    at a.ts:1:1', Code: 'X' }, {}, second(1)),
    );
    const { out } = await found('Level = "Error"');
    expect(out).toEqual([
      '2026-01-31T09:00:01.000Z Error Api rebuild failed  Code=X\n    Error: X\n        at a.ts:1:1',
    ]);
  });

  test('passes over what is no line: cut off by a kill, or broken', async () => {
    writeFileSync(file(one), `${request(1)}broken\n${request(2)}{"@t":"2026-01-3`);
    writeFileSync(file(other), request(3));
    expect((await found()).times).toEqual(['01', '02', '03']);
  });

  test('reads lines that are longer than what is read at once, and letters that stand across it', async () => {
    const long = request(1, 'é'.repeat(200));
    writeFileSync(file(one), long.repeat(4_000) + request(2));
    const { out } = await found(`CorrelationId = "${'é'.repeat(200)}"`, { last: 10_000 });
    expect(out).toHaveLength(4_000);
  });

  test('says that nothing fits, and that there are no files', async () => {
    await expect(found()).rejects.toMatchObject({ code: 'LOG_FILES_MISSING' });
    writeFileSync(file(one), request(1));
    expect((await found('StatusCode > 200')).err).toEqual(['None of 1 lines fits.']);
    await expect(found('StatusCode > ')).rejects.toMatchObject({ code: 'LOG_QUERY_INVALID' });
  });

  test('goes on with what comes, in files that are there and new ones, until it is ended', async () => {
    writeFileSync(file(one), request(1) + request(2, 'other'));
    const end = new AbortController();
    const { out, terminal } = keeping((lines) => {
      if (lines.length === 1) appendFileSync(file(one), request(3, 'other') + request(4));
      if (lines.length === 2) writeFileSync(file(other), request(5));
      if (lines.length === 3) end.abort();
    });
    await logs('CorrelationId = "abc-123"', { folder, last: 10, follow: true }, terminal, end.signal);
    expect(out.map((line) => /09:00:(\d\d)/.exec(line)?.[1])).toEqual(['01', '04', '05']);
  });
});

test.each(['', 'yesterday', '5', '5w', '-5m'])('a time that is none is refused: %s', (text) => {
  expect(() => sinceWhen(text)).toThrow(/ISO time/);
});
