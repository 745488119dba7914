import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { deadlineDatabases, give, type Met } from '../support/deadline-databases.ts';
import { eventually } from '../support/example-databases.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  fc.record({ what: fc.constant('set' as const), key, after: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ what: fc.constant('drop' as const), key }),
  fc.record({ what: fc.constant('pass' as const), time: fc.integer({ min: 1, max: 4 }) }),
);

it('whatever is set, replaced and cancelled, what is left fires once at its time', async () => {
  await using databases = await deadlineDatabases();
  const { clock } = databases;
  const apis = [await databases.start({ roles: ['api', 'relay'] }), await databases.start({ roles: ['api'] })];
  await databases.start({ roles: ['projector'] });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
      run++;
      const name = (one: string) => `${run}-${one}`;
      const model = new Map<string, Met>();
      const fired: Met[] = [];
      const own = async () => (await databases.met()).filter(({ item }) => item.startsWith(`${run}-`));
      for (const [index, one] of [...steps, { what: 'pass' as const, time: 10 }].entries()) {
        const api = apis[index % apis.length];
        if (api === undefined) continue;
        if (one.what === 'set') {
          const met = { item: name(one.key), dueAt: clock.now + one.after, note: `step ${index}` };
          await give(api, met);
          model.set(one.key, met);
        } else if (one.what === 'drop') {
          await give(api, { item: name(one.key), drop: true });
          model.delete(one.key);
        } else {
          clock.now += one.time;
          for (const [at, met] of model) {
            if (met.dueAt > clock.now) continue;
            fired.push(met);
            model.delete(at);
          }
          await eventually(`${fired.length} have fired`, async () => (await own()).length >= fired.length);
        }
      }
      expect(byItem(await own())).toEqual(byItem(fired));
    }),
    { numRuns: 12 },
  );
});

function byItem(met: readonly Met[]): readonly string[] {
  return met.map(({ item, dueAt, note }) => `${item} ${dueAt} ${note}`).toSorted();
}
