import { describe, expect, test } from 'vitest';
import { ShortMemory } from './short-memory.ts';

describe('what was asked a moment ago', () => {
  test('is not asked again, and many at once ask once', async () => {
    const memory = new ShortMemory<{ n: number }>();
    let asked = 0;
    const ask = () => Promise.resolve({ n: ++asked });
    const answers = await Promise.all([memory.find('a', ask), memory.find('a', ask), memory.find('b', ask)]);
    expect(answers.map((answer) => answer?.n)).toEqual([1, 1, 2]);
    expect(await memory.find('a', ask)).toEqual({ n: 1 });
    expect(memory.get('b')).toEqual({ n: 2 });
  });

  test('is asked again after something was revoked, even when the answer was on its way then', async () => {
    const memory = new ShortMemory<{ n: number }>();
    const late = Promise.withResolvers<{ n: number }>();
    const first = memory.find('a', () => late.promise);
    memory.forget();
    const second = memory.find('a', () => Promise.resolve({ n: 2 }));
    late.resolve({ n: 1 });
    expect([await first, await second]).toEqual([{ n: 1 }, { n: 2 }]);
    expect(memory.get('a')).toEqual({ n: 2 });
  });

  test('is not kept when there was no answer, or it is over', async () => {
    const memory = new ShortMemory<{ over: boolean }>(({ over }) => over);
    expect(await memory.find('a', () => Promise.resolve(undefined))).toBeUndefined();
    await memory.find('a', () => Promise.resolve({ over: true }));
    expect(memory.get('a')).toBeUndefined();
    await expect(memory.find('c', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await memory.find('c', () => Promise.resolve({ over: false }))).toEqual({ over: false });
  });
});
