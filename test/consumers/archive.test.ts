import { expect, it } from 'vitest';
import { readAll } from '../support/test-log.ts';
import { journey } from '../support/example-system.ts';
import { archiveRig, delivered } from '../support/archive-rig.ts';

it('S527, C36: closed streams go to files, the last event of each stays, and log and archive read as one', async () => {
  await using rig = await archiveRig({ extra: true });
  const { databases, log } = rig;
  await databases.start({ archive: { folder: rig.folder.path } });
  await databases.append([...delivered('a'), ...journey('open', ['north', 'south']), ...delivered('b')]);
  await databases.append([...delivered('c'), ...journey('open2', ['north'])]);
  await rig.settle(12);
  const before = await readAll(log);
  const byTag = await log.query([{ tags: ['depot:north'] }]);

  expect(await rig.run({ batchEvents: 4 })).toEqual({ events: 6, files: 2, stopped: null });

  const left = await databases.store<{ position: string }>('select position from parcel_events_log order by 1');
  expect(left.map((row) => Number(row.position))).toEqual([3, 4, 5, 8, 11, 12]);
  expect(await readAll(log, 5)).toEqual(before);
  expect(await log.query([{ tags: ['depot:north'] }])).toEqual(byTag);
  expect(await log.query([{ stream: 'parcel-a' }])).toEqual(before.slice(0, 3));
  expect(await log.query([{ stream: 'parcel-a', afterVersion: 1 }])).toEqual(before.slice(1, 3));
  expect(await log.event(before[0]?.id ?? '')).toEqual(before[0]);
  expect(await rig.run()).toEqual({ events: 0, files: 0, stopped: null });
});
