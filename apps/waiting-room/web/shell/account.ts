import { useEffect, useReducer } from 'preact/hooks';
import { fieldsOf, listOf, text, textOrNull } from '../data/json.ts';
import { get, post, RequestFailure, setCsrfToken } from '../data/rest.ts';
import { mayUse, roles, type Right, type Role } from './roles.ts';

export interface Principal {
  /** What the reader signs in by. */
  readonly name: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
}

export interface DemoAccount {
  readonly userName: string;
  readonly password: string;
  readonly role: string;
}

/** Who uses the screens. */
export interface Account {
  /** `demo`: nobody has to sign in. */
  readonly mode: 'demo' | 'required';
  readonly principal: Principal | null;
  /** Somebody signed in, and can sign out. */
  readonly signedIn: boolean;
  readonly demoAccounts: readonly DemoAccount[];
  /** There is another way to sign in: the clinic's own accounts. */
  readonly oidc: boolean;
}

const everybody: Account = {
  mode: 'demo',
  principal: { name: '', displayName: '', roles },
  signedIn: false,
  demoAccounts: [],
  oidc: false,
};

const listeners = new Set<() => void>();
let account: Account | undefined;

function set(next: Account | undefined): void {
  account = next;
  for (const listener of listeners) listener();
}

/** Asks who is signed in. A server without accounts is a demonstration. Throws RequestFailure. */
export async function loadAccount(): Promise<void> {
  try {
    const me = fieldsOf((await get('/api/auth/me')).body);
    const { principal, csrfToken } = me;
    setCsrfToken(textOrNull(csrfToken));
    const fields = fieldsOf(principal);
    const held: readonly string[] = listOf(fields['roles']).map(text);
    set({
      mode: me['mode'] === 'required' ? 'required' : 'demo',
      principal:
        principal === null
          ? null
          : {
              name: text(fields['name']),
              displayName: text(fields['displayName']) || text(fields['name']),
              roles: roles.filter((role) => held.includes(role)),
            },
      signedIn: text(fields['kind']) === 'account',
      demoAccounts: listOf(me['demoAccounts']).map(fieldsOf).map(demoAccountOf),
      oidc: me['oidc'] === true,
    });
  } catch (error) {
    if (!(error instanceof RequestFailure) || error.status !== 404) throw error;
    set(everybody);
  }
}

function demoAccountOf(fields: { readonly [name: string]: unknown }): DemoAccount {
  return { userName: text(fields['userName']), password: text(fields['password']), role: text(fields['role']) };
}

/** Throws RequestFailure. */
export async function signIn(userName: string, password: string): Promise<void> {
  const answer = await post('/api/auth/sign-in', { userName, password });
  setCsrfToken(textOrNull(answer['csrfToken']));
  await loadAccount();
}

/** Throws RequestFailure. */
export async function signOut(): Promise<void> {
  await post('/api/auth/sign-out', {});
  setCsrfToken(null);
  await loadAccount();
}

/** Undefined until the server has said who it is. */
export function useAccount(): Account | undefined {
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0);
  useEffect(() => {
    const listener = () => redraw(undefined);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return account;
}

/** Whether the reader may do something; nothing until it is known who that is. */
export function useMay(): (right: Right) => boolean {
  const held = useAccount()?.principal?.roles ?? [];
  return (right) => mayUse(right, held);
}
