import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { openTerminal } from '../../src/cli/terminal.ts';
import type { DeadLetter, RefusedEvent } from '../../src/running-system.ts';
import { buildServer } from '../../src/server/build-server.ts';
import { counterApplication } from '../support/counter-application.ts';
import { fakeSystem, type FakeSystem } from '../support/fake-system.ts';

const letter: DeadLetter = {
  id: 7,
  projection: 'counts',
  orderingKey: 'a',
  position: 3,
  eventId: '019a0000-0000-7000-8000-000000000001',
  eventName: 'Counted',
  status: 'failed',
  error: 'TypeError at handlers.ts:3:5',
  attempts: 5,
  firstFailedAt: '2026-01-01T00:00:00.000Z',
  lastFailedAt: '2026-01-01T00:00:00.000Z',
  nextAttemptAt: null,
  reason: null,
  actor: null,
};
const refused: RefusedEvent = {
  id: 3,
  destination: 'rabbitmq',
  orderingKey: 'a',
  position: 3,
  eventId: '019a0000-0000-7000-8000-000000000001',
  eventName: 'Counted',
  status: 'FAILED',
  error: 'too large',
  attempts: 1,
  lastFailedAt: '2026-01-01T00:00:00.000Z',
  nextAttemptAt: '2026-01-01T00:00:30.000Z',
};

let system: FakeSystem;
let url: string;
let close: () => Promise<void>;

beforeEach(async () => {
  system = fakeSystem(counterApplication.system);
  const { server, feeds } = await buildServer(counterApplication, system);
  url = await server.listen({ port: 0, host: '127.0.0.1' });
  close = async () => {
    feeds.close();
    await server.close();
  };
});

afterEach(() => close());

/** Runs `millrace dead-letters …` against the server and answers what it wrote, line by line. */
async function deadLetters(...args: string[]): Promise<string[]> {
  const written = { out: '', err: '' };
  const terminal = openTerminal({ write: (text) => (written.out += text) }, { write: (text) => (written.err += text) });
  const code = await main(['dead-letters', ...args, '--url', url], terminal);
  expect({ code, err: written.err }).toEqual({ code: 0, err: '' });
  return written.out.trimEnd().split('\n');
}

describe('millrace dead-letters', () => {
  it('lists what waits for somebody, and where a page ends', async () => {
    expect(await deadLetters('list')).toEqual(['No event is parked.']);
    system.fake.deadLetters.push(letter, { ...letter, id: 9, status: 'waiting', attempts: 0, error: null });
    const [heading, first, more] = await deadLetters('list', '--limit', '1', '--key', 'a', '--event', 'Counted');
    expect(heading).toMatch(/^id +projection +key +position +event +status +attempts +next attempt +error$/);
    expect(first).toMatch(/^7 +counts +a +3 +Counted +failed +5 +manual +TypeError at handlers\.ts:3:5$/);
    expect(more).toBe('There are more: add --after 7');
    expect(await deadLetters('list', '--after', '7', '--json')).toHaveLength(1);
  });

  it('says which status there is when it is told another', async () => {
    const written = { err: '' };
    const terminal = openTerminal({ write: () => true }, { write: (text) => (written.err += text) });
    expect(await main(['dead-letters', 'list', '--url', url, '--status', 'lost'], terminal)).toBe(1);
    expect(written.err).toContain('status must be one of failed, waiting, manual');
  });

  it('lists those that do not wait any more when it is told to', async () => {
    system.fake.deadLetters.push({ ...letter, status: 'retried' });
    expect(await deadLetters('list')).toEqual(['No event is parked.']);
    expect(await deadLetters('list', '--all')).toHaveLength(2);
  });

  it('shows one, retries one, a group or all, and discards one with a reason', async () => {
    system.fake.deadLetters.push(letter, { ...letter, id: 8 }, { ...letter, id: 9 });
    expect(await deadLetters('show', '7')).toEqual(expect.arrayContaining([expect.stringMatching(/^behind +0$/)]));
    expect(await deadLetters('retry', '7', '--reason', 'mended')).toEqual([
      'Applied 1 parked events. Nothing of this key waits any more.',
    ]);
    expect(system.fake.deadLetters[0]).toMatchObject({ status: 'retried', reason: 'mended' });
    expect(await deadLetters('discard', '8', '--reason', 'twice')).toEqual([
      'Discarded 8; applied 1 parked events. Nothing of this key waits any more.',
    ]);
    expect(await deadLetters('retry-all', '--projection', 'counts')).toEqual([
      'Applied 1 parked events of 1 keys. None of them is parked any more.',
    ]);
  });

  it('does the same with what the broker refused', async () => {
    expect(await deadLetters('list', '--relay')).toEqual(['The broker has refused nothing.']);
    system.fake.refused.push(refused);
    expect((await deadLetters('list', '--relay'))[1]).toMatch(
      /^3 +rabbitmq +a +3 +Counted +FAILED +1 +2026-01-01T00:00:30\.000Z +too large$/,
    );
    expect(await deadLetters('show', '3', '--relay')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^destination +rabbitmq$/)]),
    );
    expect(await deadLetters('retry', '3', '--relay')).toEqual(['The relay tries this key now.']);
    expect(await deadLetters('retry-all', '--relay', '--key', 'a')).toEqual(['The relay tries 1 keys now.']);
    expect(await deadLetters('discard', '3', '--relay', '--reason', 'too large')).toEqual([
      'Discarded 3; nothing of this key waits any more.',
    ]);
  });
});
