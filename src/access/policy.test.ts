import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Policy, type AccessDefinition } from './policy.ts';
import { anonymous, type Principal } from './principal.ts';

const roles = ['reader', 'writer', 'keeper'] as const;
const withRoles = (...held: readonly string[]): Principal => ({ ...anonymous, kind: 'account', id: 'a', roles: held });
const definition = (permissions: AccessDefinition['permissions']): AccessDefinition => ({
  ...{ roles, observers: ['reader'], operators: ['keeper'], administrators: ['keeper'], permissions },
});

describe('a policy', () => {
  test('lets somebody do what one of the roles is named for, and nothing that the table does not name', () => {
    const role = fc.constantFrom(...roles);
    fc.assert(
      fc.property(fc.uniqueArray(role), fc.uniqueArray(role), (held, allowed) => {
        const policy = new Policy(definition({ 'GET /a': allowed }), {});
        expect(policy.may(withRoles(...held), 'GET /a')).toBe(held.some((one) => allowed.includes(one)));
        expect(policy.may(withRoles(...held), 'GET /b')).toBe(false);
        expect(policy.may(anonymous, 'GET /a')).toBe(false);
      }),
    );
  });

  test('knows what is open to all, and to whoever is signed in', () => {
    const policy = new Policy(definition({ 'GET /a': 'public', 'GET /b': 'signed-in' }), { 'GET /c': 'operators' });
    expect([policy.may(anonymous, 'GET /a'), policy.may(anonymous, 'GET /b')]).toEqual([true, false]);
    expect(policy.may(withRoles(), 'GET /b')).toBe(true);
    expect([policy.may(withRoles('keeper'), 'GET /c'), policy.may(withRoles('reader'), 'GET /c')]).toEqual([
      true,
      false,
    ]);
  });

  test('names what is missing and what is there for nothing', () => {
    const policy = new Policy(definition({ 'GET /a': ['reader'], 'GET /typo': ['reader'] }), {});
    const check = () => policy.assertComplete(new Set(['GET /a', 'POST /b']));
    expect(check).toThrow('POST /b');
    expect(check).toThrow('GET /typo');
  });
});
