import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MemoryLog } from '../testing/memory-log.ts';
import { CatchUp } from './catch-up.ts';
import type { DuePage, DueTimer } from './due-timers.ts';

async function logOf(events: number): Promise<MemoryLog> {
  const log = new MemoryLog('test');
  await store(log, events);
  return log;
}

async function store(log: MemoryLog, events: number): Promise<void> {
  for (let n = 0; n < events; n++) {
    const event = {
      id: randomUUID(),
      stream: 's',
      type: 'E',
      schemaVersion: 1,
      tags: [],
      payload: '{}',
      metadata: '{}',
    };
    await log.append({ events: [{ ...event, occurredAt: 0 }] });
  }
}

async function page(log: MemoryLog, position: number, now: number, ...due: readonly number[]): Promise<DuePage> {
  const [event] = await log.read({ after: position - 1, limit: 1 });
  const { incarnation } = await log.head();
  const timers = due.map((dueAt): DueTimer => ({
    timer: `t/${dueAt}`,
    definition: 't',
    key: String(dueAt),
    dueAt,
    payload: {},
    metadata: {},
    isDoubtful: false,
  }));
  return { now, nextIn: undefined, position, eventId: event?.id, incarnation, timers };
}

describe('timers wait until the read model has taken in', () => {
  test('nothing, when it is where the log ends', async () => {
    const log = await logOf(3);
    expect(await new CatchUp(log).reachedBy(await page(log, 3, 100, 90))).toBe(100);
  });

  test('what was stored when they were seen to be due, and not what comes after', async () => {
    const log = await logOf(5);
    const catchUp = new CatchUp(log);
    expect(await catchUp.reachedBy(await page(log, 3, 100, 90))).toBe(-Infinity);
    await store(log, 5);
    expect(await catchUp.reachedBy(await page(log, 4, 110, 90, 105))).toBe(-Infinity);
    // Those that are due since then wait for a later moment, which this page may have come to or not.
    expect(await catchUp.reachedBy(await page(log, 5, 120, 90, 105))).toBe(100);
    expect(await catchUp.reachedBy(await page(log, 9, 130, 105, 125))).toBe(-Infinity);
    expect(await catchUp.reachedBy(await page(log, 10, 140, 105, 125, 135))).toBe(140);
  });

  test('the same history: a log that was put back lets none fire', async () => {
    const log = await logOf(3);
    const other = await logOf(5);
    const foreign = { ...(await page(other, 3, 100, 90)), incarnation: randomUUID() };
    const restored: unknown = expect.objectContaining({ code: 'LOG_RESTORED' });
    await expect(new CatchUp(log).reachedBy(foreign)).rejects.toEqual(restored);
    await expect(new CatchUp(log).reachedBy(await page(other, 5, 100, 90))).rejects.toEqual(restored);
    const moved = { ...(await page(log, 3, 100, 90)), incarnation: randomUUID() };
    expect(await new CatchUp(log).reachedBy(moved)).toBe(100);
  });
});
