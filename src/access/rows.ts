import { demoPrefix, type AccessChange, type Account, type ApiKey, type Principal } from './principal.ts';

/** Rows of the functions in `schema.sql`, and what is made of them. */

export interface AccountRow {
  readonly account_id: string;
  readonly user_name: string;
  readonly display_name: string;
  readonly by_provider: boolean;
  readonly roles: readonly string[];
  readonly active: boolean;
  readonly created_at: Date;
  readonly changed_at: Date;
}

export function toAccount(row: AccountRow): Account {
  return {
    accountId: row.account_id,
    userName: row.user_name,
    displayName: row.display_name,
    roles: row.roles,
    active: row.active,
    byProvider: row.by_provider,
    createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
  };
}

export interface SignInRow {
  readonly account_id: string | null;
  readonly demo_role: string | null;
  readonly user_name: string | null;
  readonly display_name: string | null;
  readonly roles: readonly string[] | null;
  readonly expires_at: Date;
}

export function toPrincipal(row: SignInRow): Principal {
  const expiresAt = row.expires_at.getTime();
  if (row.demo_role !== null) {
    const role = row.demo_role;
    return { kind: 'account', id: demoPrefix + role, name: role, displayName: role, roles: [role], expiresAt };
  }
  return {
    kind: 'account',
    id: row.account_id ?? '',
    name: row.user_name ?? '',
    displayName: row.display_name ?? '',
    roles: row.roles ?? [],
    expiresAt,
  };
}

export interface ApiKeyRow {
  readonly key_id: string;
  readonly key_name: string;
  readonly roles: readonly string[];
  readonly created_at: Date;
  readonly created_by: string;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
}

export function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    keyId: row.key_id,
    name: row.key_name,
    roles: row.roles,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}

export interface ChangeRow {
  readonly change_id: string;
  readonly changed_at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject_id: string;
  readonly details: { readonly [name: string]: unknown };
  readonly reason: string | null;
}

export function toChange(row: ChangeRow): AccessChange {
  return {
    changeId: Number(row.change_id),
    at: row.changed_at.toISOString(),
    actor: row.actor,
    action: row.action,
    subjectId: row.subject_id,
    details: row.details,
    reason: row.reason,
  };
}
