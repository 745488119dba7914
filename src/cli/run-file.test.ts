import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRunRecord, removeRunRecord, writeRunRecord } from './run-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace run '));
});
afterEach(() => rm(folder, { recursive: true }));

const record = { pid: process.pid, url: 'http://127.0.0.1:1234', startedAt: '2026-01-31T09:00:00.000Z' };
/** No process has it: Linux ends at 2^22. */
const deadPid = 2 ** 22 + 1;

describe('the file of a running server', () => {
  it('is found by other commands and removed by its own server', async () => {
    const data = path.join(folder, 'made when missing');
    await writeRunRecord(data, record);
    expect(await readRunRecord(data)).toEqual(record);
    await removeRunRecord(data, record.pid);
    expect(await readdir(data)).toEqual([]);
  });

  it('does not count when its server was killed', async () => {
    await writeRunRecord(folder, { ...record, pid: deadPid });
    expect(await readRunRecord(folder)).toBeUndefined();
  });

  it('stays when another server wrote it meanwhile', async () => {
    await writeRunRecord(folder, record);
    await removeRunRecord(folder, deadPid);
    expect(await readRunRecord(folder)).toEqual(record);
  });

  it('does not count when it is damaged or not there', async () => {
    expect(await readRunRecord(folder)).toBeUndefined();
    await writeFile(path.join(folder, 'server.json'), '{"pid":');
    expect(await readRunRecord(folder)).toBeUndefined();
  });
});
