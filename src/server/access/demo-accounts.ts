import type { AccessGate } from './access-gate.ts';

export interface DemoAccount {
  readonly userName: string;
  readonly password: string;
  readonly role: string;
}

/**
 * One account for each role, with a password that everybody is told: the sign-in page shows it. They are in no table, and a
 * server that is no demonstration knows none of them.
 */
export function demoAccounts({ settings, policy }: Pick<AccessGate, 'settings' | 'policy'>): DemoAccount[] {
  if (settings.mode !== 'demo') return [];
  return policy.definition.roles.map((role) => ({ userName: role, password: `${role}-demo`, role }));
}
