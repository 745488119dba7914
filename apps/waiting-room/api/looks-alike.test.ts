import { expect, test } from 'vitest';
import { looksAlike, sameId } from './looks-alike.ts';

test.each([
  ['José García', 'Garcia, Jose', true],
  ['Ana Maria Lopez', 'Ana Lopez', true],
  ['Lee Park', 'Lee Parc', true],
  ['Fatima Khan', 'Fátima  KHAN', true],
  ['Ana', 'Ann', false],
  ['Lee Park', 'Lee Hill', false],
  ['John Doe', 'Jane Roe', false],
  ['', 'John Doe', false],
])('%s and %s: %s', (a, b, alike) => {
  expect(looksAlike(a, b)).toBe(alike);
  expect(looksAlike(b, a)).toBe(alike);
});

test('an id is the same in any letter case', () => {
  expect([sameId('p-1', 'P-1'), sameId('p-1', 'p-2')]).toEqual([true, false]);
});
