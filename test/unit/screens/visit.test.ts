import { expect, test } from 'vitest';
import { visitEvents } from '../../../apps/waiting-room/domain/events.ts';
import { isOverdue as overdueOfDomain, priorities } from '../../../apps/waiting-room/domain/priority.ts';
import { sampleVisit } from '../../../apps/waiting-room/web/model/sample-rows.ts';
import { isOverdue } from '../../../apps/waiting-room/web/model/supervision.ts';
import { visitWords } from '../../../apps/waiting-room/web/screens/visit/words.ts';

test('everything that may happen to a visit has a word in the timeline', () => {
  const types = [...new Set(visitEvents.map(({ type }) => type))].toSorted();
  expect(Object.keys(visitWords.en.events).toSorted()).toEqual(types);
});

test('the screens hold somebody for overdue when the clinic does', () => {
  const minutes = [0, 1, 14, 15, 16, 59, 60, 61, 119, 120, 121];
  const differing = priorities.flatMap((priority) =>
    minutes
      .map((wait) => ({ priority, wait, since: 0, now: wait * 60_000 }))
      .filter(
        ({ now }) => isOverdue({ ...sampleVisit, priority, arrivedAt: 0 }, now) !== overdueOfDomain(priority, 0, now),
      ),
  );
  expect(differing).toEqual([]);
});
