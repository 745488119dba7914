import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { clefWriter } from './clef-line.ts';
import { readClef } from './clef-read.ts';
import { logComponents, logEvents, logProperties } from './log-events.ts';

const facts = { application: 'shop', processId: 7, serviceType: 'Api' } as const;
const write = clefWriter(facts);

describe('a line of the log', () => {
  test('S038, S250: is CLEF, with the properties by their names', () => {
    const now = Date.UTC(2026, 0, 31, 9, 0, 0, 5);
    const line = write(
      'eventProcessed',
      { EventType: 'OrderPlaced', OutboxDurationMs: 1.23456, ProjectionDurationMs: 4, CorrelationId: undefined },
      {},
      now,
    );
    expect(line.endsWith('}\n')).toBe(true);
    expect(JSON.parse(line)).toEqual({
      '@t': '2026-01-31T09:00:00.005Z',
      '@mt':
        'Event {EventType} processed. OutboxDuration: {OutboxDurationMs}ms, ProjectionDuration: {ProjectionDurationMs}ms',
      Level: 'Information',
      Component: 'ProjectionWorker',
      ServiceType: 'ProjectionWorker',
      EventType: 'OrderPlaced',
      OutboxDurationMs: 1.235,
      ProjectionDurationMs: 4,
      Application: 'shop',
      ProcessId: 7,
    });
  });

  test('has nothing that its entry of the table does not allow, whatever is handed over', () => {
    const values = { Code: 'X', CustomerName: 'Ann Example', EventType: 'E' };
    expect(write('rebuildFailed', values)).not.toMatch(/Ann Example|EventType/);
  });

  test('is one line, and of bounded length, whatever it holds', () => {
    const line = write('rebuildFailed', { Code: 'a\nb\u2028c', Exception: 'x'.repeat(100_000) });
    expect(line.split('\n')).toHaveLength(2);
    expect(line.length).toBeLessThan(10_000);
  });

  test('leaves a number out that JSON cannot hold', () => {
    expect(JSON.parse(write('requestDone', { ElapsedMs: Number.NaN, StatusCode: Infinity }))).not.toHaveProperty(
      'ElapsedMs',
    );
  });

  test('has numbers to three decimals', () => {
    const written = (value: number) =>
      (JSON.parse(write('requestDone', { ElapsedMs: value })) as { ElapsedMs: number }).ElapsedMs;
    for (const value of [
      0,
      -0,
      5,
      -5,
      0.0004,
      -0.0004,
      1.5,
      12.3456,
      -12.3456,
      999.9996,
      1e12 + 0.25,
      1e20,
      -1e300,
      5e-324,
    ]) {
      const rounded = Number.isSafeInteger(Math.round(value * 1000)) ? Math.round(value * 1000) / 1000 : value;
      expect(written(value)).toBe(rounded === 0 ? 0 : rounded);
    }
  });

  test('goes on into the next second, minute and year', () => {
    const at = (time: string) => readClef(write('processStopped', {}, {}, Date.parse(time)))?.time;
    for (const time of ['2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00.000Z', '2027-01-01T00:00:00.090Z']) {
      expect(at(time)).toBe(time);
    }
  });

  test('is read by the names of the table, with its message', () => {
    const line = write('partFailed', { Part: 'relay', Exception: 'Error: x' }, { component: 'OutboxWorker' });
    expect(readClef(line.trimEnd())?.values).toMatchObject({
      Level: 'Error',
      Component: 'OutboxWorker',
      ServiceType: 'OutboxWorker',
      Message: 'relay failed and goes on trying',
      Exception: 'Error: x',
    });
  });

  test.each(['', '{"@t":"2026', '[]', '{"@t":5}', 'null'])('that is cut off or none is passed over: %s', (text) => {
    expect(readClef(text)).toBeUndefined();
  });
});

describe('the table of log events', () => {
  test.each(Object.entries(logEvents))('%s names in its text only what it has', (_name, { template, properties }) => {
    const named = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !properties.some((property) => property === name))).toEqual([]);
  });

  test('has a use for every property, and no two events of one text', () => {
    const everywhere = ['Level', 'Component', 'ServiceType', 'Application', 'ProcessId'];
    const used = new Set<string>([
      ...everywhere,
      ...Object.values(logEvents).flatMap(({ properties }) => [...properties]),
    ]);
    expect(Object.keys(logProperties).filter((name) => !used.has(name))).toEqual([]);
    const texts = Object.values(logEvents).map(({ template }) => template);
    expect(new Set(texts).size).toBe(texts.length);
    expect(Object.keys(logComponents)).toEqual(expect.arrayContaining(['OutboxWorker', 'ProjectionWorker']));
  });

  test('holds every text that the server logs', () => {
    const folder = new URL('../server/', import.meta.url);
    const texts = globSync('**/*.ts', { cwd: folder }).flatMap((file) =>
      [
        ...readFileSync(new URL(file, folder), 'utf8').matchAll(
          /\blog(?:\.(?:fatal|error|warn|info)|\[level\])\(\s*\{[^}]*\},\s*'([^']+)',?\s*\)/g,
        ),
      ].map(([, text = '']) => text),
    );
    expect(texts.length).toBeGreaterThan(8);
    const known = new Set<string>(Object.values(logEvents).map(({ template }) => template));
    expect(texts.filter((text) => !known.has(text))).toEqual([]);
  });

  test('is all that the server logs by', () => {
    const folder = new URL('../server/', import.meta.url);
    const calls = (text: string) =>
      text.match(/\b#?log(?:\.(?:fatal|error|warn|info|debug|trace)|\[level\])\(/g)?.length ?? 0;
    const sound = (text: string) =>
      text.match(/\b#?log(?:\.(?:fatal|error|warn|info)|\[level\])\(\s*\{[^}]*\},\s*'([^']+)',?\s*\)/g)?.length ?? 0;
    for (const file of globSync('**/*.ts', { cwd: folder })) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      expect(`${file} ${sound(text)}`).toBe(`${file} ${calls(text)}`);
    }
  });
});
