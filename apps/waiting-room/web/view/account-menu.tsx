import { useState } from 'preact/hooks';
import { notify } from '../data/notices.ts';
import { RequestFailure } from '../data/rest.ts';
import { named } from '../language/clinic-words.ts';
import { useWords } from '../language/language.ts';
import { signOut, useAccount } from '../shell/account.ts';
import { currentPlace, hrefOf, navigate } from '../shell/location.ts';
import { shellWords } from '../shell/shell-words.ts';

/** Who is signed in, and the way out; or the way in. */
export function AccountMenu() {
  const words = useWords(shellWords);
  const account = useAccount();
  const [busy, setBusy] = useState(false);
  if (account === undefined) return null;
  if (!account.signedIn) {
    return (
      <a class="sign-in-link" href={signInHref(currentPlace().path)}>
        {words.signIn}
      </a>
    );
  }
  const who = named(words.roles, account.principal?.displayName ?? '');
  async function leave(): Promise<void> {
    setBusy(true);
    try {
      await signOut();
      navigate('/sign-in');
    } catch (error) {
      notify('failed', error instanceof RequestFailure ? error.message : String(error));
      setBusy(false);
    }
  }
  return (
    <div class="account">
      <a href={hrefOf('/account')} aria-label={words.yourAccount(who)}>
        {who}
      </a>
      <button type="button" class="quiet" aria-disabled={busy} onClick={() => void leave()}>
        {words.signOut}
      </button>
    </div>
  );
}

/** The sign-in page, which leads back to where the reader wanted to be. */
export function signInHref(path: string): string {
  return path === '/' || path === '/sign-in' ? '/sign-in' : `/sign-in?${new URLSearchParams({ to: path })}`;
}
