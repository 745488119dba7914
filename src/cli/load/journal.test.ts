import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal, readJournal } from './journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace journal '));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the journal of a run', () => {
  it('is on disk before it is closed: whoever is killed, what was accepted is known', () => {
    const file = path.join(folder, 'run.jsonl');
    const journal = new Journal(file, 'r1', 41);
    journal.accepted({ n: 0, position: 42 });
    journal.refused(1);
    const expected = { run: 'r1', after: 41, accepted: [{ n: 0, position: 42 }], refused: [1] };
    expect(readJournal(file)).toEqual(expected);
    appendFileSync(file, '{"n":2,"posi');
    expect(readJournal(file), 'a line that was cut off does not count').toEqual(expected);
    journal.close();
  });

  it('refuses a file that is none, and a line that is none', () => {
    const file = path.join(folder, 'other.txt');
    expect(() => readJournal(file)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    writeFileSync(file, 'hello\n');
    expect(() => readJournal(file)).toThrow('is no journal');
    writeFileSync(file, '{"run":"r1","after":0}\n{"n":1}\n');
    expect(() => readJournal(file)).toThrow('no entry');
  });
});
