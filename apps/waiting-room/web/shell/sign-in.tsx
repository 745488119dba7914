import { useRef, useState } from 'preact/hooks';
import { RequestFailure } from '../data/rest.ts';
import { named } from '../language/clinic-words.ts';
import { useWords } from '../language/language.ts';
import { Frame } from '../view/frame.tsx';
import { signIn, type Account } from './account.ts';
import { currentPlace, hrefOf, navigate } from './location.ts';
import { shellWords } from './shell-words.ts';

/** Where the reader wanted to be; never another host. */
function destination(): string {
  const { path, query } = currentPlace();
  const to = path === '/sign-in' ? (query.get('to') ?? '/') : path;
  return /^\/(?![/\\])/.test(to) ? to : '/';
}

export function SignIn({ account }: { readonly account: Account }) {
  const words = useWords(shellWords);
  const [userName, setUserName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const passwordField = useRef<HTMLInputElement>(null);

  async function enter(name: string, secret: string): Promise<void> {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    const to = destination();
    try {
      await signIn(name, secret);
      navigate(to);
    } catch (error) {
      setProblem(error instanceof RequestFailure ? error.message : String(error));
      setBusy(false);
      passwordField.current?.select();
    }
  }

  return (
    <Frame title={words.signIn} class="sign-in">
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          void enter(userName, password);
        }}
      >
        <label class="field">
          <span>{words.userName}</span>
          <input
            name="userName"
            required
            autoComplete="username"
            autoCapitalize="none"
            value={userName}
            onInput={(event) => setUserName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{words.password}</span>
          <input
            ref={passwordField}
            name="password"
            type="password"
            required
            autoComplete="current-password"
            value={password}
            aria-describedby="sign-in-problem"
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <p id="sign-in-problem" class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" aria-disabled={busy}>
          {words.signIn}
        </button>
        {account.oidc && (
          <a href={`/api/auth/oidc/start?${new URLSearchParams({ returnTo: destination() })}`}>{words.otherWay}</a>
        )}
        {account.mode === 'demo' && <a href={hrefOf('/')}>{words.noSignInNeeded}</a>}
      </form>
      {account.demoAccounts.length > 0 && (
        <section class="panel" aria-labelledby="demo-accounts">
          <h2 id="demo-accounts">{words.demoAccounts}</h2>
          <p class="quietly">{words.demoAccountsHint}</p>
          <ul class="demo-accounts">
            {account.demoAccounts.map((demo) => (
              <li key={demo.userName}>
                <button
                  type="button"
                  aria-label={words.signInAs(demo.userName)}
                  onClick={() => void enter(demo.userName, demo.password)}
                >
                  {named(words.roles, demo.role)}
                </button>
                <span class="quietly">
                  <code>{demo.userName}</code> {words.passwordIs(demo.password)}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Frame>
  );
}
