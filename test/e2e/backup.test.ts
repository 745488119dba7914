import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { MillracePlace } from '../support/millrace-process.ts';

let place: MillracePlace;
beforeEach(async () => {
  place = await MillracePlace.make();
});
afterEach(() => place.remove());

it('S165: millrace backup beside a running server, and millrace restore into a new data folder, which then starts', async () => {
  const server = place.start();
  await place.ready(server);
  const load = await place.runWithApp('load', '--rate', '200', '--seconds', '1', '--json');
  expect(load.code, load.out + load.err).toBe(0);
  const folder = path.join(place.folder, 'a backup');
  const made = await place.runWithApp('backup', folder, '--json');
  expect(made.code, made.err).toBe(0);
  const { head, rows } = JSON.parse(made.out) as { head: number; rows: number };
  expect(head).toBe(180);
  expect(rows).toBeGreaterThan(360);
  const again = await place.runWithApp('backup', folder);
  expect(again.code).toBe(1);
  expect(again.err).toContain('millrace: BACKUP_FOLDER_IN_USE');
  const refused = await place.runWithApp('restore', folder);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain('millrace: RESTORE_NOT_EMPTY');
  server.kill('SIGTERM');
  await once(server, 'close');

  const other = await MillracePlace.make();
  onTestFinished(() => other.remove());
  const restored = await other.runWithApp('restore', folder);
  expect(restored.code, restored.err).toBe(0);
  expect(restored.out).toContain('is restored into');
  expect(restored.out).toContain('the log up to position 180.');
  await other.ready(other.start());
  expect(await other.run('doctor')).toMatchObject({ code: 0, err: '' });
  const rebuilt = await other.run('rebuild', 'things', '--json');
  expect(JSON.parse(rebuilt.out)).toMatchObject({ state: 'done', position: 180 });
});
