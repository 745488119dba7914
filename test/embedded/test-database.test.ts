import { expect, it, onTestFinished } from 'vitest';
import { createTestDatabase } from '../support/test-database.ts';
import { query } from './fixture.ts';

it('gives every caller an empty database of its own, which is gone after drop()', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  onTestFinished(async () => void (await Promise.all([one.drop(), two.drop()])));
  expect(one.url).not.toBe(two.url);
  await query(one.url, 'create table only_here (n int)');
  await expect(query(two.url, 'select from only_here')).rejects.toThrow('does not exist');
  await one.drop();
  await expect(query(one.url, 'select 1')).rejects.toThrow('does not exist');
});
