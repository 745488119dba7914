import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFolder } from '../../src/embedded/folder-lock.ts';
import { startMoment } from '../../src/embedded/process-table.ts';
import { start, startInChild, preparedFolder, temporaryFolder } from './fixture.ts';

const announcement = (processId: number, began: string, host = os.hostname()) =>
  JSON.stringify({ host, processId, began, state: 'held' });

describe('a data folder', () => {
  it('is refused to a second process, which is told the folder and the first one', async () => {
    const dataFolder = await preparedFolder();
    const first = await startInChild(dataFolder);
    const refused = await start(dataFolder).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'DATA_IN_USE' });
    expect(String(refused)).toContain(dataFolder);
    expect(String(refused)).toContain(String(first.child.pid));
  });

  it('is refused to a second start in the same process, and free again after stop()', async () => {
    const dataFolder = await preparedFolder();
    const server = await start(dataFolder);
    await expect(start(dataFolder)).rejects.toMatchObject({ code: 'DATA_IN_USE' });
    await server.stop();
    await (await start(dataFolder)).stop();
  });

  it('goes to exactly one of many that want it at the same time', async () => {
    const folder = path.join(await temporaryFolder(), 'locks');
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder, 'data')));
      const winners = results.filter((result) => result.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      await winners[0]?.value.release();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over from a process that ended, and from one whose number was given away', async () => {
    const folder = path.join(await temporaryFolder(), 'locks');
    await mkdir(folder);
    await writeFile(path.join(folder, 'ended.lock'), announcement(2_147_483_646, 'long ago'));
    await writeFile(path.join(folder, 'reused.lock'), announcement(process.pid, 'long ago'));
    await writeFile(path.join(folder, 'torn.lock'), '{"processId":');
    const lock = await lockFolder(folder, 'data');
    expect(await readdir(folder)).toHaveLength(1);
    await lock.release();
  });

  it('is not taken over from a living process', async () => {
    const folder = path.join(await temporaryFolder(), 'locks');
    await mkdir(folder);
    await writeFile(
      path.join(folder, 'living.lock'),
      announcement(process.ppid, (await startMoment(process.ppid)) ?? ''),
    );
    await expect(lockFolder(folder, 'data')).rejects.toThrow(String(process.ppid));
    expect(await readdir(folder)).toEqual(['living.lock']);
  });

  it('on a shared disk is taken over from another machine only when that one has fallen silent', async () => {
    const folder = path.join(await temporaryFolder(), 'locks');
    await mkdir(folder);
    const foreign = path.join(folder, 'foreign.lock');
    await writeFile(foreign, announcement(1, 'there', 'another-machine'));
    const beat = setInterval(() => void utimes(foreign, new Date(), new Date()), 50);
    try {
      await expect(lockFolder(folder, 'data', { longestSilence: 1_000 })).rejects.toThrow('on another-machine');
    } finally {
      clearInterval(beat);
    }
    const lock = await lockFolder(folder, 'data', { longestSilence: 300 });
    expect(await readdir(folder)).toHaveLength(1);
    await lock.release();
  });
});
