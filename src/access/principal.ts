/** Who sends a request. */
export interface Principal {
  /**
   * `anonymous`: nobody said who it is. `demo`: nobody said so either, and a demonstration lets everybody do everything.
   * `account`: signed in. `api-key`: a program. `token`: signed in elsewhere, with a token of the provider.
   */
  readonly kind: 'anonymous' | 'demo' | 'account' | 'api-key' | 'token';
  readonly id: string;
  /** What the person or program signs in by. */
  readonly name: string;
  readonly displayName: string;
  readonly roles: readonly string[];
  /** When it ends if nothing is done, in milliseconds since 1970; undefined for never. */
  readonly expiresAt: number | undefined;
}

export const anonymous: Principal = {
  kind: 'anonymous',
  id: 'anonymous',
  name: 'anonymous',
  displayName: '',
  roles: [],
  expiresAt: undefined,
};

/** Accounts of a demonstration have ids that begin so; those of other accounts are UUIDs. */
export const demoPrefix = 'demo-';

/** As it stands in events and records: `account:<id>`. */
export function actorOf({ kind, id }: Principal): string {
  return kind === 'anonymous' ? 'anonymous' : `${kind}:${id}`;
}

/** An account as administrators see it. Times are ISO strings. */
export interface Account {
  readonly accountId: string;
  readonly userName: string;
  readonly displayName: string;
  readonly roles: readonly string[];
  readonly active: boolean;
  /** Signs in at a provider, which says what name and roles it has. */
  readonly byProvider: boolean;
  readonly createdAt: string;
  readonly changedAt: string;
}

/** An API key as administrators see it; the key itself is told once, when it is made. */
export interface ApiKey {
  readonly keyId: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/** One entry of the record of changes. */
export interface AccessChange {
  readonly changeId: number;
  readonly at: string;
  readonly actor: string;
  /** `account-added`, `account-changed`, `api-key-added` or `api-key-revoked`. */
  readonly action: string;
  /** The account or API key. */
  readonly subjectId: string;
  readonly details: { readonly [name: string]: unknown };
  readonly reason: string | null;
}

/** Who changes something, and why. */
export interface ChangeBy {
  readonly actor: string;
  readonly reason?: string;
}

/** A sign-in that has begun. The token is told once. */
export interface SignIn {
  readonly token: string;
  readonly principal: Principal;
}
