import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCursor, unshippedLines, writeCursor } from './clef-cursor.ts';
import { LogFiles, listLogFiles } from './log-files.ts';

let folder: string;
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'millrace-logs-')), 'logs');
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true, force: true }));

const hour = 3_600_000;
const line = `${'x'.repeat(99)}\n`;
const keepBytes = 32 * 1024;
const total = () => listLogFiles(folder).reduce((sum, { size }) => sum + size, 0);
const textsOf = (group: string) =>
  listLogFiles(folder)
    .filter((file) => file.group === group)
    .map((file) => readFileSync(file.path, 'utf8'))
    .join('');

test('log files are closed at a sixteenth of the room, and take no more of it than they may, the newest lines kept', () => {
  let now = Date.UTC(2026, 0, 31);
  const removed: string[] = [];
  const files = new LogFiles({
    folder,
    keepMs: 24 * hour,
    keepBytes,
    now: () => now,
    onRemove: ({ name }) => removed.push(name),
  });
  for (let n = 0; n < 1_000; n++) {
    now += 1_000;
    files.append('log', line.replace('xxxxx', String(n).padStart(5, '0')));
    expect(total()).toBeLessThanOrEqual(keepBytes);
  }
  files.close();
  for (const { size } of listLogFiles(folder)) expect(size).toBeLessThanOrEqual(keepBytes / 16);
  const kept = textsOf('log').split('\n').slice(0, -1);
  const newest = kept.map((text) => Number(text.slice(0, 5)));
  expect(newest).toEqual(Array.from({ length: kept.length }, (_, index) => 1_000 - kept.length + index));
  expect(kept.length).toBeGreaterThan(100);
  expect(removed.length).toBeGreaterThan(10);
});

test('however many lines there are about single requests, they push no other line out', () => {
  let now = Date.UTC(2026, 0, 31);
  // A process that is over: nobody writes to its file any more.
  const before = new LogFiles({ folder, keepMs: 24 * hour, keepBytes, now: () => now });
  before.append('log', 'an error\n');
  before.close();
  const files = new LogFiles({ folder, keepMs: 24 * hour, keepBytes, now: () => now });
  for (let n = 0; n < 1_000; n++) {
    now += 1_000;
    files.append('way', line);
  }
  files.close();
  expect(textsOf('log')).toBe('an error\n');
  expect(total()).toBeLessThanOrEqual(keepBytes);
});

test('a log file is closed when it is a day old, and removed when its last line is too old', () => {
  let now = Date.now();
  const files = new LogFiles({ folder, keepMs: 100 * hour, keepBytes, now: () => now });
  files.append('log', line);
  now += 23 * hour;
  files.append('log', line);
  expect(readdirSync(folder)).toHaveLength(1);
  now += 2 * hour;
  files.append('log', line);
  expect(readdirSync(folder)).toHaveLength(2);
  const [oldest] = listLogFiles(folder);
  utimesSync(oldest?.path ?? '', new Date(now - 101 * hour), new Date(now - 101 * hour));
  files.prune();
  expect(listLogFiles(folder).map(({ name }) => name)).not.toContain(oldest?.name);
  files.close();
});

test('a file that another process has removed is followed by a new one, not written to in vain', () => {
  const files = new LogFiles({ folder, keepMs: 24 * hour, keepBytes });
  files.append('log', line);
  rmSync(listLogFiles(folder)[0]?.path ?? '');
  files.append('log', 'here\n');
  expect(textsOf('log')).toBe('here\n');
  files.close();
});

test('log files can be read by nobody but the account and its group', () => {
  const files = new LogFiles({ folder, keepMs: 24 * hour, keepBytes });
  files.append('log', line);
  files.close();
  expect(statSync(folder).mode & 0o027).toBe(0);
  expect(statSync(listLogFiles(folder)[0]?.path ?? '').mode & 0o037).toBe(0);
});

test('other files of the folder are left alone, and no folder is no log files', () => {
  expect(listLogFiles(folder)).toEqual([]);
  const files = new LogFiles({ folder, keepMs: hour, keepBytes: 16 * 1024 });
  files.append('log', line);
  writeFileSync(path.join(folder, 'notes.txt'), 'x'.repeat(100_000));
  files.prune();
  files.close();
  expect(readdirSync(folder)).toContain('notes.txt');
  expect(listLogFiles(folder)).toHaveLength(1);
});

test('the cursor of what was sent forgets files that are gone, and a broken one begins anew', () => {
  const files = new LogFiles({ folder, keepMs: 24 * hour, keepBytes });
  files.append('log', line + line + line);
  files.close();
  const [file] = listLogFiles(folder);
  if (file === undefined) throw new Error('There is no file.');
  expect(unshippedLines(folder, file)).toBe(3);
  writeCursor(
    folder,
    new Map([
      [file.name, 100],
      ['gone.clef', 5],
    ]),
  );
  expect(readCursor(folder)).toEqual(new Map([[file.name, 100]]));
  expect(unshippedLines(folder, file)).toBe(2);
  writeFileSync(path.join(folder, 'shipped.json'), '{"a":');
  expect(readCursor(folder)).toEqual(new Map());
});
