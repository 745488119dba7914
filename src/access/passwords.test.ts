import { describe, expect, test } from 'vitest';
import { hashPassword, isOutdated, isPassword } from './passwords.ts';

const cheap = { log2N: 10, r: 8, p: 1 };

describe('a password', () => {
  test('is kept with its parameters and a salt of its own, and never as it is', async () => {
    const [one, two] = [await hashPassword('correct horse', cheap), await hashPassword('correct horse', cheap)];
    expect(one).toMatch(/^\$scrypt\$ln=10,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(two).not.toBe(one);
    expect(await isPassword('correct horse', one, cheap)).toBe(true);
    expect(await isPassword('correct hors', one, cheap)).toBe(false);
  });

  test('is compared with the parameters that it was hashed with, and known to be outdated', async () => {
    const old = await hashPassword('correct horse', { log2N: 9, r: 4, p: 2 });
    expect(await isPassword('correct horse', old, cheap)).toBe(true);
    expect(isOutdated(old, cheap)).toBe(true);
    expect(isOutdated(await hashPassword('correct horse', cheap), cheap)).toBe(false);
  });

  test('is the same however its letters are written', async () => {
    const kept = await hashPassword('cafe\u0301 au lait', cheap);
    expect(await isPassword('café au lait', kept, cheap)).toBe(true);
  });

  test('of nobody takes the work of one, and is wrong whatever it is', async () => {
    const cost = { log2N: 12, r: 8, p: 1 };
    const kept = await hashPassword('correct horse', cost);
    const timeOf = async (hash: string | undefined) => {
      const times: number[] = [];
      for (let round = 0; round < 5; round++) {
        const begun = performance.now();
        expect(await isPassword('\0', hash, cost)).toBe(false);
        times.push(performance.now() - begun);
      }
      return Math.min(...times);
    };
    const [known, unknown] = [await timeOf(kept), await timeOf(undefined)];
    expect(unknown).toBeGreaterThan(known / 3);
    expect(await isPassword('', undefined, cheap)).toBe(false);
  });
});
