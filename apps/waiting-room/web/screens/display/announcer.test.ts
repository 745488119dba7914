import { expect, test } from 'vitest';
import { Announcer } from './announcer.ts';
import type { Call } from './display-model.ts';

const call = (ticket: string): Call => ({
  ...{ callId: `id-${ticket}`, ticket, kind: 'room', name: 'Room 3', status: 'CALLED', calledAt: 1_000, calls: 1 },
});

function wall(stands: (call: Call) => boolean = () => true) {
  const heard: string[] = [];
  const ends: (() => void)[] = [];
  const announcer = new Announcer({
    caption: (one) => heard.push(one?.ticket ?? '-'),
    announce: () => new Promise((resolve) => ends.push(resolve)),
    stands,
  });
  /** The call that is being said has been heard. */
  const end = async (): Promise<void> => {
    ends.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { announcer, heard, end, underWay: () => ends.length };
}

test('calls at once are said one after the other, in their order, and never two at a time', async () => {
  const { announcer, heard, end, underWay } = wall();
  for (const ticket of ['A-001', 'A-002', 'A-003']) announcer.say(call(ticket));
  expect([heard, underWay()]).toEqual([['A-001'], 1]);
  await end();
  expect([heard, underWay()]).toEqual([['A-001', 'A-002'], 1]);
  announcer.say(call('A-004'));
  await end();
  await end();
  await end();
  expect(heard).toEqual(['A-001', 'A-002', 'A-003', 'A-004', '-']);
  announcer.say(call('A-005'));
  expect(heard.at(-1)).toBe('A-005');
});

test('who has gone in before the turn came is not called any more', async () => {
  const gone = new Set<string>();
  const { announcer, heard, end } = wall(({ ticket }) => !gone.has(ticket));
  for (const ticket of ['A-001', 'A-002', 'A-003']) announcer.say(call(ticket));
  gone.add('A-002');
  await end();
  expect(heard).toEqual(['A-001', 'A-003']);
});

test('a voice that fails keeps nobody from being called', async () => {
  const heard: string[] = [];
  const announcer = new Announcer({
    caption: (one) => heard.push(one?.ticket ?? '-'),
    announce: () => Promise.reject(new Error('no loudspeaker')),
    stands: () => true,
  });
  for (const ticket of ['A-001', 'A-002']) announcer.say(call(ticket));
  await new Promise((resolve) => setTimeout(resolve));
  expect(heard).toEqual(['A-001', 'A-002', '-']);
});

test('a display that was left says nothing more', async () => {
  const { announcer, heard, end } = wall();
  for (const ticket of ['A-001', 'A-002']) announcer.say(call(ticket));
  announcer.stop();
  await end();
  expect(heard).toEqual(['A-001']);
});
