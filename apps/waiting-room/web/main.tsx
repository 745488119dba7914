import { render } from 'preact';
import { onSignedOut } from './data/rest.ts';
import { chooseLanguage } from './language/language.ts';
import { loadAccount } from './shell/account.ts';
import { App } from './shell/app.tsx';
import { currentPlace, followLinks } from './shell/location.ts';
import { screenAt } from './shell/screens.ts';

const page = document.getElementById('page');

if (page !== null) {
  chooseLanguage(currentPlace().query.get('lang'));
  followLinks((path) => path === '/' || path === '/sign-in' || screenAt(path) !== undefined);
  // Whoever has been signed out meanwhile is asked to sign in where they are. Asked once, not for every refusal.
  let asking = false;
  onSignedOut(() => {
    if (asking) return;
    asking = true;
    loadAccount()
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  });
  page.replaceChildren();
  render(<App />, page);
}
