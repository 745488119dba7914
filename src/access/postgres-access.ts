import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { MillraceError } from '../errors.ts';
import { asking } from '../postgres/asking.ts';
import type { WakeUp } from '../postgres/wake-up.ts';
import type { Access, AccountChange, Door, NewAccount, ProviderIdentity, SignInTimes } from './access.ts';
import { checkPassword, checkUserName } from './account-rules.ts';
import { hashPassword, isOutdated, isPassword, passwordCost, type PasswordCost } from './passwords.ts';
import type { AccessChange, Account, ApiKey, ChangeBy, Principal, SignIn } from './principal.ts';
import {
  toAccount,
  toApiKey,
  toChange,
  toPrincipal,
  type AccountRow,
  type ApiKeyRow,
  type ChangeRow,
  type SignInRow,
} from './rows.ts';
import { hashOfSecret, kindOfSecret, newSecret } from './secrets.ts';
import { ShortMemory } from './short-memory.ts';

/** The functions tell there what was revoked. */
const channel = 'millrace_access';
const mostListed = 1_000;

/** The SQL that makes the tables and functions in the event store. */
export function accessSchema(): string {
  return readFileSync(new URL('./schema.sql', import.meta.url), 'utf8');
}

export interface AccessOptions {
  /** For tests: what a new hash costs. */
  readonly cost?: PasswordCost;
  /** Hears what other processes have revoked. Without it, that takes effect when this one asks again. */
  readonly wakeUp?: WakeUp;
}

/** Accounts, sign-ins and API keys in the event-store database. */
export class PostgresAccess implements Access {
  readonly #pool: pg.Pool;
  readonly #cost: PasswordCost;
  /** Its time may run out between two looks at the database. */
  readonly #principals = new ShortMemory<Principal>(
    ({ expiresAt }) => expiresAt !== undefined && expiresAt <= Date.now(),
  );
  readonly #refusals = new ShortMemory<{ readonly refused: boolean }>();
  readonly #listeners = new Set<() => void>();

  constructor(pool: pg.Pool, { cost = passwordCost, wakeUp }: AccessOptions = {}) {
    this.#pool = pool;
    this.#cost = cost;
    wakeUp?.listen(channel, () => this.#forget());
  }

  async listAccounts(): Promise<readonly Account[]> {
    const rows = await this.#query<AccountRow>('select * from millrace_access.list_accounts(null, $1)', [mostListed]);
    return rows.map(toAccount);
  }

  async addAccount({ userName, displayName, password, roles }: NewAccount, by: ChangeBy): Promise<Account> {
    checkUserName(userName);
    checkPassword(password, userName);
    const hash = await hashPassword(password, this.#cost);
    const [added] = await this.#query<{ id: string }>(
      'select id from millrace_access.add_account($1, $2, $3, $4, $5, $6, $7) as id',
      [userName, keyOfName(userName), displayName, hash, roles, by.actor, by.reason ?? null],
    );
    if (added === undefined) throw new MillraceError('ACCOUNT_EXISTS', `There is an account ${userName} already.`);
    return this.#account(added.id);
  }

  async changeAccount(
    accountId: string,
    change: AccountChange,
    by: ChangeBy,
    keep: readonly string[],
  ): Promise<Account> {
    const before = await this.#account(accountId);
    const { displayName = null, roles = null, active = null, password } = change;
    if (before.byProvider && (roles !== null || password !== undefined)) {
      throw new MillraceError(
        'REQUEST_INVALID',
        'The account belongs to a provider, which keeps its roles and password.',
        {
          fields: [{ field: roles === null ? 'password' : 'roles', problem: 'is kept by the provider' }],
        },
      );
    }
    if (password !== undefined) checkPassword(password, before.userName);
    const hash = password === undefined ? null : await hashPassword(password, this.#cost);
    const [answer] = await this.#query<{ outcome: string }>(
      'select millrace_access.change_account($1, $2, $3, $4, $5, $6, $7, $8) as outcome',
      [accountId, displayName, roles, active, hash, keep, by.actor, by.reason ?? null],
    );
    if (answer?.outcome === 'unknown') throw unknownAccount();
    if (answer?.outcome === 'last') {
      throw new MillraceError('ACCOUNT_LAST', 'Nobody would be left who can administrate accounts.');
    }
    this.#forget();
    return this.#account(accountId);
  }

  async changeOwnPassword(
    { id, name }: Pick<Principal, 'id' | 'name'>,
    { current, next }: { readonly current: string; readonly next: string },
    keep: string,
  ): Promise<void> {
    const [found] = await this.#query<{ account_id: string; password_hash: string | null }>(
      'select account_id, password_hash from millrace_access.find_account($1)',
      [keyOfName(name)],
    );
    const before = found?.account_id === id ? found.password_hash : null;
    if (before === null) {
      throw new MillraceError('PASSWORD_ELSEWHERE', 'The password of this sign-in is not kept here.');
    }
    if (!(await isPassword(current, before, this.#cost))) throw wrongPassword();
    checkPassword(next, name, 'newPassword');
    const after = await hashPassword(next, this.#cost);
    const [answer] = await this.#query<{ changed: boolean }>(
      'select millrace_access.change_own_password($1, $2, $3, $4, $5) as changed',
      [id, before, after, Buffer.from(keep, 'hex'), `account:${id}`],
    );
    // Changed by somebody else since it was compared.
    if (answer?.changed !== true) throw wrongPassword();
    this.#forget();
  }

  async signIn(userName: string, password: string, door: Door, times: SignInTimes): Promise<SignIn | undefined> {
    const [found] = await this.#query<{
      account_id: string;
      password_hash: string | null;
      active: boolean;
    }>('select account_id, password_hash, active from millrace_access.find_account($1)', [keyOfName(userName)]);
    const hash = found?.password_hash ?? undefined;
    const isRight = await isPassword(password, hash, this.#cost);
    if (!isRight || found === undefined || hash === undefined || !found.active) return undefined;
    let kept = hash;
    if (isOutdated(hash, this.#cost)) {
      kept = await hashPassword(password, this.#cost);
      await this.#query('select millrace_access.rehash_password($1, $2, $3)', [found.account_id, hash, kept]);
    }
    return this.#begin(door, times, { accountId: found.account_id, hash: kept });
  }

  async signInForDemonstration(role: string, door: Door, times: SignInTimes): Promise<SignIn> {
    const signIn = await this.#begin(door, times, { role });
    if (signIn === undefined) throw new MillraceError('STORE_CORRUPT', 'A sign-in could not be kept.');
    return signIn;
  }

  async signInByProvider(identity: ProviderIdentity, door: Door, times: SignInTimes): Promise<SignIn | undefined> {
    const { issuer, subject, userName, displayName, roles } = identity;
    // In a name of its own: nobody at a provider can take the place of an account here by a name.
    const key = `${issuer} ${subject}`;
    const [account] = await this.#query<{ account_id: string }>(
      'select account_id from millrace_access.keep_provider_account($1, $2, $3, $4, $5, $6)',
      [issuer, subject, userName, key, displayName, roles],
    );
    if (account === undefined) return undefined;
    this.#principals.forget();
    return this.#begin(door, times, { accountId: account.account_id, hash: null });
  }

  async signOut(token: string): Promise<void> {
    await this.#query('select millrace_access.end_sign_in($1)', [hashOfSecret(token)]);
    this.#forget();
  }

  async isRefused(issuer: string, subject: string): Promise<boolean> {
    const answer = await this.#refusals.find(`${issuer}\n${subject}`, async () => {
      const [row] = await this.#query<{ refused: boolean }>(
        'select millrace_access.provider_account_is_refused($1, $2) as refused',
        [issuer, subject],
      );
      return row;
    });
    return answer?.refused !== false;
  }

  known(secret: string, door: Door): Principal | undefined {
    return this.#principals.get(memoryKey(secret, door));
  }

  principalOf(secret: string, door: Door, times: SignInTimes): Promise<Principal | undefined> {
    const kind = kindOfSecret(secret);
    if (kind === 'sign-in') {
      return this.#principals.find(memoryKey(secret, door), () => this.#signedIn(secret, door, times));
    }
    if (kind === 'api-key' && door === 'bearer') {
      return this.#principals.find(memoryKey(secret, door), () => this.#keyHolder(secret));
    }
    return Promise.resolve(undefined);
  }

  async whichEnded(hashes: readonly string[], { idleMs }: SignInTimes): Promise<ReadonlySet<string>> {
    if (hashes.length === 0) return new Set();
    const rows = await this.#query<{ hash: string }>(
      `select encode(secret_hash, 'hex') as hash from millrace_access.which_ended($1, $2)`,
      [hashes.map((hash) => Buffer.from(hash, 'hex')), milliseconds(idleMs)],
    );
    return new Set(rows.map(({ hash }) => hash));
  }

  onRevoked(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async listApiKeys(): Promise<readonly ApiKey[]> {
    const rows = await this.#query<ApiKeyRow>('select * from millrace_access.list_api_keys($1)', [mostListed]);
    return rows.map(toApiKey);
  }

  async addApiKey(
    { name, roles, expiresAt }: { name: string; roles: readonly string[]; expiresAt: number | undefined },
    by: ChangeBy,
  ): Promise<{ apiKey: ApiKey; key: string }> {
    const key = newSecret('api-key');
    const expires = expiresAt === undefined ? null : new Date(expiresAt);
    const [added] = await this.#query<{ key_id: string; created_at: Date }>(
      'select key_id, created_at from millrace_access.add_api_key($1, $2, $3, $4, $5, $6)',
      [hashOfSecret(key), name, roles, expires, by.actor, by.reason ?? null],
    );
    if (added === undefined) throw new MillraceError('STORE_CORRUPT', 'An API key could not be kept.');
    const row = { ...added, key_name: name, roles, created_by: by.actor, expires_at: expires, revoked_at: null };
    return { key, apiKey: toApiKey(row) };
  }

  async revokeApiKey(keyId: string, by: ChangeBy): Promise<void> {
    const [answer] = await this.#query<{ known: boolean }>(
      'select millrace_access.revoke_api_key($1, $2, $3) as known',
      [keyId, by.actor, by.reason ?? null],
    );
    if (answer?.known !== true) throw new MillraceError('API_KEY_UNKNOWN', 'There is no API key with that id.');
    this.#forget();
  }

  async listChanges(before: number | undefined, limit: number): Promise<readonly AccessChange[]> {
    const rows = await this.#query<ChangeRow>('select * from millrace_access.list_changes($1, $2)', [
      before ?? null,
      limit,
    ]);
    return rows.map(toChange);
  }

  async keepOneUse(
    kind: 'pass' | 'flow',
    content: object,
    lifetimeMs: number,
  ): Promise<{ secret: string; expiresAt: number }> {
    const secret = newSecret(kind);
    const [kept] = await this.#query<{ expires_at: Date }>(
      'select expires_at from millrace_access.keep_one_use($1, $2, $3, $4)',
      [hashOfSecret(secret), kind, JSON.stringify(content), milliseconds(lifetimeMs)],
    );
    if (kept === undefined) throw new MillraceError('STORE_CORRUPT', 'A pass could not be kept.');
    return { secret, expiresAt: kept.expires_at.getTime() };
  }

  async takeOneUse(kind: 'pass' | 'flow', secret: string): Promise<unknown> {
    if (kindOfSecret(secret) !== kind) return undefined;
    const [taken] = await this.#query<{ content: unknown }>(
      'select content from millrace_access.take_one_use($1, $2)',
      [hashOfSecret(secret), kind],
    );
    return taken?.content;
  }

  async prune({ idleMs }: SignInTimes): Promise<void> {
    await this.#query('select millrace_access.prune($1)', [milliseconds(idleMs)]);
  }

  /** Keeps a sign-in; undefined when the account is no longer what it was a moment ago. */
  async #begin(
    door: Door,
    times: SignInTimes,
    who: { readonly accountId: string; readonly hash: string | null } | { readonly role: string },
  ): Promise<SignIn | undefined> {
    const token = newSecret('sign-in');
    const [accountId, hash, role] = 'role' in who ? [null, null, who.role] : [who.accountId, who.hash, null];
    const [begun] = await this.#query<{ expires_at: Date }>(
      'select expires_at from millrace_access.begin_sign_in($1, $2, $3, $4, $5, $6)',
      [hashOfSecret(token), door, accountId, hash, role, milliseconds(times.lifetimeMs)],
    );
    if (begun === undefined) return undefined;
    const principal = await this.principalOf(token, door, times);
    return principal === undefined ? undefined : { token, principal };
  }

  async #signedIn(token: string, door: Door, { idleMs }: SignInTimes): Promise<Principal | undefined> {
    const [row] = await this.#query<SignInRow>('select * from millrace_access.use_sign_in($1, $2, $3)', [
      hashOfSecret(token),
      door,
      milliseconds(idleMs),
    ]);
    return row === undefined ? undefined : toPrincipal(row);
  }

  async #keyHolder(key: string): Promise<Principal | undefined> {
    const [row] = await this.#query<{ key_id: string; key_name: string; roles: string[]; expires_at: Date | null }>(
      'select * from millrace_access.use_api_key($1)',
      [hashOfSecret(key)],
    );
    if (row === undefined) return undefined;
    const { key_id: id, key_name: name, roles, expires_at: expires } = row;
    return { kind: 'api-key', id, name, displayName: name, roles, expiresAt: expires?.getTime() };
  }

  async #account(accountId: string): Promise<Account> {
    const [row] = await this.#query<AccountRow>('select * from millrace_access.list_accounts($1, 1)', [accountId]);
    if (row === undefined) throw unknownAccount();
    return toAccount(row);
  }

  #forget(): void {
    this.#principals.forget();
    this.#refusals.forget();
    for (const listener of this.#listeners) listener();
  }

  async #query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    return (await asking(this.#pool.query<Row>(text, values))).rows;
  }
}

/** A token of a cookie is none of a header. */
function memoryKey(secret: string, door: Door): string {
  return door + hashOfSecret(secret).toString('base64');
}

function milliseconds(ms: number): string {
  return `${ms} milliseconds`;
}

/** User names are compared as people read them: without regard to letter case or to how a letter is written. */
function keyOfName(userName: string): string {
  return userName.normalize('NFKC').trim().toLowerCase();
}

function wrongPassword(): MillraceError {
  const problem = 'is not the password';
  return new MillraceError('PASSWORD_WRONG', 'The current password is not right.', {
    fields: [{ field: 'currentPassword', problem }],
  });
}

function unknownAccount(): MillraceError {
  return new MillraceError('ACCOUNT_UNKNOWN', 'There is no account with that id.');
}
