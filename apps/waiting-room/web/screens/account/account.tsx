import { named } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import { useAccount } from '../../shell/account.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { Frame } from '../../view/frame.tsx';
import { PasswordForm } from './password-form.tsx';
import { accountWords } from './words.ts';

/** Who is signed in, and their password. */
export function AccountScreen() {
  const words = useWords(accountWords);
  const shell = useWords(shellWords);
  const account = useAccount();
  const principal = account?.principal;
  if (account === undefined || principal === undefined || principal === null) return null;
  const facts = [
    [words.userName, principal.name],
    [words.name, named(shell.roles, principal.displayName)],
    [words.roles, principal.roles.map((role) => shell.roles[role]).join(', ')],
  ] as const;
  const isDemo = account.demoAccounts.some(({ userName }) => userName === principal.name);
  return (
    <Frame title={shell.screens.account.title} class="sign-in">
      <section class="panel" aria-labelledby="who-title">
        <h2 id="who-title">{words.who}</h2>
        {!account.signedIn && <p>{words.nobody}</p>}
        {account.signedIn && (
          <dl class="visit-facts">
            {facts.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      {account.signedIn &&
        (isDemo ? <p class="panel quietly">{words.fixed}</p> : <PasswordForm name={principal.name} />)}
    </Frame>
  );
}
