import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { findNativePackage, prepareBinaries, repairLinks } from '../../src/embedded/binaries.ts';
import { findRunningPostgres } from '../../src/embedded/find-running-postgres.ts';
import { closedParent, serverAccount, type SystemAccount } from '../../src/embedded/system-account.ts';
import { isRoot, query, start, startInChild, temporaryFolder } from './fixture.ts';

const run = promisify(execFile);

async function accountForRoot(): Promise<SystemAccount> {
  const account = await serverAccount();
  if (!account) throw new Error('This test needs root.');
  return account;
}

/** A copy of the npm package as `npm ci --ignore-scripts` leaves it: without its library links. */
async function packageWithoutLinks(folder: string) {
  const { native, version } = await findNativePackage();
  const copy = path.join(folder, 'native');
  await cp(native, copy, {
    recursive: true,
    filter: async (file) => !(await lstat(file)).isSymbolicLink(),
  });
  return { native: copy, version };
}

/** Not the one that root would take by itself. */
async function otherAccount(): Promise<SystemAccount> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const [name = '', , uid = '', gid = ''] = lines.find(([name]) => name === 'nobody') ?? [];
  return { name, uid: Number(uid), gid: Number(gid) };
}

const postgresOf = (native: string) => path.join(native, 'bin', 'postgres');

describe('programs of the npm package', () => {
  it('get their missing library links', async () => {
    const { native } = await packageWithoutLinks(await temporaryFolder());
    await expect(run(postgresOf(native), ['--version'])).rejects.toThrow('shared libraries');
    expect(await repairLinks(native)).toBe(true);
    expect((await run(postgresOf(native), ['--version'])).stdout).toContain('(PostgreSQL) 18');
    expect(await repairLinks(native)).toBe(true); // again: nothing left to do
  });

  it.runIf(isRoot)('are copied once, whole and readable, where the server cannot reach them (as root)', async () => {
    const account = await accountForRoot();
    const folder = await temporaryFolder();
    const closed = path.join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const source = await packageWithoutLinks(closed);
    await chmod(path.join(source.native, 'lib'), 0o700); // a strict umask at install
    const copies = path.join(folder, 'copies');

    const told: string[] = [];
    const prepare = () => prepareBinaries(source, account, copies, (line) => told.push(line));
    const [binaries, same] = await Promise.all([prepare(), prepare()]);
    expect(binaries).toEqual(same);
    expect(binaries.postgres.startsWith(copies)).toBe(true);
    expect(told.join('\n')).toContain(copies);
    const asAccount = { uid: account.uid, gid: account.gid, cwd: '/' };
    expect((await run(binaries.postgres, ['--version'], asAccount)).stdout).toContain('(PostgreSQL) 18');
    const before = await stat(binaries.postgres);
    await prepare();
    expect((await stat(binaries.postgres)).ino).toBe(before.ino);
  });
});

/** A project in a home with mode 0700. */
async function closedHome() {
  const folder = await temporaryFolder();
  const home = path.join(folder, 'home of root');
  await mkdir(home, { mode: 0o700 });
  return { dataFolder: path.join(home, 'project', '.millrace'), home, reachable: path.join(folder, 'reachable') };
}

describe('below a folder that only root may enter', () => {
  it.runIf(isRoot)('the data goes to a reachable folder, which is told and found again (as root)', async () => {
    const { dataFolder, reachable } = await closedHome();
    const told: string[] = [];
    const options = { durable: false, reachableFolder: reachable, report: (line: string) => told.push(line) };
    const first = await start(dataFolder, options);
    expect(first.dataFolder.startsWith(path.join(reachable, 'project-'))).toBe(true);
    expect(told.join('\n')).toContain(first.dataFolder);
    expect((await readFile(path.join(dataFolder, 'location'), 'utf8')).trim()).toBe(first.dataFolder);
    const url = await first.url('events');
    await query(url, 'create table kept as select 1 as n');
    expect((await findRunningPostgres(dataFolder))?.url('events')).toBe(url);
    await expect(start(dataFolder, options)).rejects.toMatchObject({ code: 'DATA_IN_USE' });
    await first.stop();

    const second = await start(dataFolder, options);
    expect(second.dataFolder).toBe(first.dataFolder);
    expect(await query(await second.url('events'), 'select n from kept')).toEqual([{ n: 1 }]);
  });

  it.runIf(isRoot)(
    'a moved project keeps its data, a copied one and one without its data are refused (as root)',
    async () => {
      const { dataFolder, home, reachable } = await closedHome();
      const options = { durable: false, reachableFolder: reachable };
      const first = await start(dataFolder, options);
      await first.stop();

      const moved = path.join(home, 'moved', '.millrace');
      await rename(path.join(home, 'project'), path.join(home, 'moved'));
      const second = await start(moved, options);
      expect(second.dataFolder).toBe(first.dataFolder);
      await second.stop();

      await cp(path.join(home, 'moved'), path.join(home, 'copy'), { recursive: true });
      await expect(start(path.join(home, 'copy', '.millrace'), options)).rejects.toThrow('was copied from');

      await rm(first.dataFolder, { recursive: true });
      await expect(start(moved, options)).rejects.toThrow('that folder is gone');
    },
  );

  it.runIf(isRoot)('a deleted data folder begins empty, and the old data is pointed out (as root)', async () => {
    const { dataFolder, reachable } = await closedHome();
    const told: string[] = [];
    const options = { durable: false, reachableFolder: reachable, report: (line: string) => told.push(line) };
    const first = await start(dataFolder, options);
    await query(await first.url('events'), 'create table kept as select 1 as n');
    await first.stop();
    await rm(dataFolder, { recursive: true });

    const second = await start(dataFolder, options);
    expect(second.dataFolder).not.toBe(first.dataFolder);
    await expect(query(await second.url('events'), 'select n from kept')).rejects.toThrow('does not exist');
    expect(told.find((line) => line.startsWith('Data of an earlier'))).toContain(first.dataFolder);
  });

  it.runIf(isRoot)('data that is there already is not left behind in silence (as root)', async () => {
    const { dataFolder, home, reachable } = await closedHome();
    await chmod(home, 0o755);
    await (await start(dataFolder, { durable: false, reachableFolder: reachable })).stop();
    await chmod(home, 0o700);
    await expect(start(dataFolder, { durable: false, reachableFolder: reachable })).rejects.toThrow(home);
  });
});

describe('an ordinary user', () => {
  it.runIf(isRoot)(
    'starts a server that runs as that user, also when root starts it next (as root)',
    async (context) => {
      const account = await otherAccount();
      // That user has to read the sources. In a closed home, run the suite from a folder that everybody may enter.
      const here = await closedParent(import.meta.filename, account);
      if (here !== undefined) context.skip(`the sources stand where ${account.name} cannot read them: ${here}`);
      const folder = await temporaryFolder(account);
      const dataFolder = path.join(folder, '.millrace');
      const child = await startInChild(dataFolder, account);
      expect(child.dataFolder).toBe(dataFolder);
      expect(await query(child.url, 'select 1 as n')).toEqual([{ n: 1 }]);
      expect((await stat(`/proc/${child.processId}`)).uid).toBe(account.uid);
      expect((await stat(path.join(dataFolder, 'postgres.password'))).uid).toBe(account.uid);
      await query(child.url, 'create table kept as select 1 as n');
      child.child.stdin?.end();
      await new Promise((resolve) => child.child.once('exit', resolve));

      // Root afterwards, and the user again: the data stays the user's.
      const asRoot = await start(dataFolder);
      expect((await stat(`/proc/${asRoot.processId}`)).uid).toBe(account.uid);
      await asRoot.stop();
      const again = await startInChild(dataFolder, account);
      expect(await query(again.url, 'select n from kept')).toEqual([{ n: 1 }]);
      again.child.stdin?.end();
      await new Promise((resolve) => again.child.once('exit', resolve));
    },
  );

  it.runIf(!isRoot)('starts a server that runs as that user', async () => {
    const server = await start(await temporaryFolder());
    expect((await stat(`/proc/${server.processId}`)).uid).toBe(process.getuid?.());
  });
});
