import { render } from 'preact';
import { Commands } from './data/commands.ts';
import { beginSession } from './data/session.ts';
import { Store } from './data/store.ts';
import { App } from './view/app.tsx';
import { PageContext } from './view/page-context.ts';

const store = new Store();
const commands = new Commands(store);
const page = document.getElementById('page');

if (page !== null) {
  page.replaceChildren();
  render(
    <PageContext.Provider value={{ store, commands }}>
      <App />
    </PageContext.Provider>,
    page,
  );
  beginSession(store);
}
