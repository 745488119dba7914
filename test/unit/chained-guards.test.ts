import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { CommandHandler } from '../../src/commands/command-handler.ts';
import type { Decider } from '../../src/commands/decider.ts';
import { EventRegistry } from '../../src/events/codec.ts';
import { defineEvent, type EventOf } from '../../src/events/definition.ts';
import { MemoryLog } from '../../src/testing/memory-log.ts';

const SlotTaken = defineEvent('SlotTaken', {
  schema: Type.Object({ slot: Type.String() }),
  tags: ({ slot }) => [`slot:${slot}`],
});

const take: Decider<null, { readonly slot: string }, EventOf<typeof SlotTaken>> = {
  name: 'take',
  initial: null,
  boundary: ({ slot }) => ({ stream: 'calendar', guards: [{ tags: [`slot:${slot}`], after: 0 }] }),
  decide: (_state, { slot }) => [SlotTaken({ slot })],
  evolve: () => null,
};

test('commands of one mailbox whose guards exclude each other never both succeed', async () => {
  const log = new MemoryLog();
  const handler = new CommandHandler(log, new EventRegistry('calendar', [SlotTaken]));
  // The first command goes alone; those that come meanwhile are decided as one chain.
  const slots = ['first', 'a', 'a', 'b', 'a', 'c'];
  const outcomes = await Promise.allSettled(slots.map((slot) => handler.execute(take, { slot })));
  expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, false, true]);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CONDITION_FAILED' });
  }
  expect((await log.read()).map((event) => event.payload)).toEqual(
    ['first', 'a', 'b', 'c'].map((slot) => `{"slot":"${slot}"}`),
  );
  await handler.close();
  await log.close();
});
