import { expect, test } from 'vitest';
import { Attempts } from './attempts.ts';
import { RequestFailure } from './rest.ts';

/** Sends nothing: answers one after the other what it was given, and notes the keys. */
function rig(answers: readonly (object | RequestFailure)[]) {
  const keys: string[] = [];
  const attempts = new Attempts(async (_method, _path, _body, key) => {
    const answer = answers[keys.length];
    keys.push(key);
    await Promise.resolve();
    if (answer instanceof RequestFailure) throw answer;
    return { ...answer };
  });
  return { keys, act: (body: object) => attempts.act('POST', '/path', body) };
}

const lost = new RequestFailure('NO_ANSWER', '', 0);

test('a second tap while the command is under way is the same attempt', async () => {
  const { keys, act } = rig([{ ticket: 'Q1-001' }, { ticket: 'Q1-002' }]);
  const [first, second] = await Promise.all([act({ queueId: 'q' }), act({ queueId: 'q' })]);
  expect(keys).toHaveLength(1);
  expect(second).toEqual(first);
});

test('a command whose answer was lost is sent again under the key it had', async () => {
  const { keys, act } = rig([lost, new RequestFailure('STOPPING', '', 503), {}]);
  await expect(act({ a: 1 })).rejects.toThrow(lost);
  await expect(act({ a: 1 })).rejects.toThrow(RequestFailure);
  await act({ a: 1 });
  expect(new Set(keys).size).toBe(1);
});

test('a command that was answered is over: the same one again is a new one', async () => {
  const { keys, act } = rig([{}, {}, new RequestFailure('QUEUE_EMPTY', '', 409), {}]);
  await act({ a: 1 });
  await act({ a: 1 });
  await expect(act({ a: 1 })).rejects.toThrow(RequestFailure);
  await act({ a: 1 });
  expect(new Set(keys).size).toBe(4);
});

test('different commands do not wait for each other', async () => {
  const { keys, act } = rig([{}, {}]);
  await Promise.all([act({ a: 1 }), act({ a: 2 })]);
  expect(new Set(keys).size).toBe(2);
});
