import type { AccessChange, Account, ApiKey, ChangeBy, Principal, SignIn } from './principal.ts';

/** How long sign-ins last, in milliseconds. */
export interface SignInTimes {
  /** Without a request. */
  readonly idleMs: number;
  /** Whatever is done. */
  readonly lifetimeMs: number;
}

/** Where a sign-in's token is taken from. */
export type Door = 'cookie' | 'bearer';

export interface NewAccount {
  /** 1–100 characters; compared without regard to letter case. */
  readonly userName: string;
  readonly displayName: string;
  readonly password: string;
  readonly roles: readonly string[];
}

/** What is left out stays as it is. */
export interface AccountChange {
  readonly displayName?: string;
  readonly roles?: readonly string[];
  readonly active?: boolean;
  readonly password?: string;
}

/** Somebody whom a provider has signed in. */
export interface ProviderIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly userName: string;
  readonly displayName: string;
  readonly roles: readonly string[];
}

/**
 * Accounts, sign-ins and API keys. Every method throws STORE_UNAVAILABLE when the event store does not answer. Secrets are
 * kept as hashes; every change is recorded with who, when and why.
 */
export interface Access {
  listAccounts(): Promise<readonly Account[]>;
  /** Throws ACCOUNT_EXISTS, PASSWORD_WEAK. */
  addAccount(account: NewAccount, by: ChangeBy): Promise<Account>;
  /**
   * Other roles, another password or `active: false` end the account's sign-ins. Throws ACCOUNT_UNKNOWN, PASSWORD_WEAK,
   * ACCOUNT_LAST when nobody active would be left with one of the roles `keep`.
   */
  changeAccount(accountId: string, change: AccountChange, by: ChangeBy, keep: readonly string[]): Promise<Account>;

  /**
   * Somebody's own password: the other sign-ins of the account end. `keep`: the hash of the sign-in that asks, in
   * hexadecimal. Throws PASSWORD_WRONG when `current` is not the password, PASSWORD_WEAK, and PASSWORD_ELSEWHERE for an
   * account whose password is not kept here.
   */
  changeOwnPassword(
    account: Pick<Principal, 'id' | 'name'>,
    passwords: { readonly current: string; readonly next: string },
    keep: string,
  ): Promise<void>;

  /** Undefined when name and password do not belong together; takes as long when there is no such name. */
  signIn(userName: string, password: string, door: Door, times: SignInTimes): Promise<SignIn | undefined>;
  /** A demonstration's sign-in, without an account. */
  signInForDemonstration(role: string, door: Door, times: SignInTimes): Promise<SignIn>;
  /** Undefined when the account was deactivated here. */
  signInByProvider(identity: ProviderIdentity, door: Door, times: SignInTimes): Promise<SignIn | undefined>;
  signOut(token: string): Promise<void>;
  /** Whether somebody of a provider was deactivated here; known for a few seconds. */
  isRefused(issuer: string, subject: string): Promise<boolean>;

  /** Who a sign-in's token or an API key stands for, when that is known without a query; undefined otherwise. */
  known(secret: string, door: Door): Principal | undefined;
  /** Who it stands for; undefined for nobody (any more). */
  principalOf(secret: string, door: Door, times: SignInTimes): Promise<Principal | undefined>;
  /** Those of some hashes of secrets that stand for nobody any more. One query, whatever their number; no use of them. */
  whichEnded(hashes: readonly string[], times: SignInTimes): Promise<ReadonlySet<string>>;
  /** Calls back when something was revoked, in this process or another. A call from another process may get lost. */
  onRevoked(listener: () => void): () => void;

  listApiKeys(): Promise<readonly ApiKey[]>;
  /** The key is told this once. `expiresAt` in milliseconds since 1970; undefined for never. */
  addApiKey(
    key: { readonly name: string; readonly roles: readonly string[]; readonly expiresAt: number | undefined },
    by: ChangeBy,
  ): Promise<{ readonly apiKey: ApiKey; readonly key: string }>;
  /** Again is no error. Throws API_KEY_UNKNOWN. */
  revokeApiKey(keyId: string, by: ChangeBy): Promise<void>;

  /** The newest first. @param before only entries with a lower id */
  listChanges(before: number | undefined, limit: number): Promise<readonly AccessChange[]>;

  /** Keeps something under a secret that is good for one use. */
  keepOneUse(
    kind: 'pass' | 'flow',
    content: object,
    lifetimeMs: number,
  ): Promise<{ secret: string; expiresAt: number }>;
  /** What was kept, the first time it is asked and as long as it lasts. */
  takeOneUse(kind: 'pass' | 'flow', secret: string): Promise<unknown>;
  /** Takes away what is over. */
  prune(times: SignInTimes): Promise<void>;
}
