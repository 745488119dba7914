import { expect, test } from 'vitest';
import { rightOf } from '../data/take-step.ts';
import { mayUse } from './roles.ts';
import { maySee, screens } from './screens.ts';

test('a screen offers what the role may do, and nothing else', () => {
  expect(mayUse(rightOf('leave'), ['receptionist'])).toBe(true);
  expect(mayUse(rightOf('leave'), ['doctor'])).toBe(false);
  expect(mayUse(rightOf('leave'), ['doctor', 'supervisor'])).toBe(true);
  expect(mayUse(rightOf('leave'), [])).toBe(false);
  expect(mayUse('GET /api/public/sites', [])).toBe(true);
  expect(maySee(screens.supervisor, ['cashier'])).toBe(false);
  expect(maySee(screens.visit, ['cashier'])).toBe(true);
});
