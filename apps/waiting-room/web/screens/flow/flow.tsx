import { useEffect, useState } from 'preact/hooks';
import { useLanguage, useWords } from '../../language/language.ts';
import { useAccount } from '../../shell/account.ts';
import { staff } from '../../shell/roles.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { Frame } from '../../view/frame.tsx';
import { PageFooter } from '../../view/page-footer.tsx';
import { Commands } from './commands.ts';
import './queues.css';
import './way.css';
import { PageContext, useSelected, useStore } from './page-context.ts';
import { newFlowStore } from './page-state.ts';
import { QueuesSection } from './queues-section.tsx';
import { beginSession } from './session.ts';
import { strings } from './strings.ts';
import { WaySection } from './way-section.tsx';

/** Queues at a glance, and the way of each event. */
export function Flow() {
  const [parts] = useState(() => {
    const store = newFlowStore();
    return { store, commands: new Commands(store) };
  });
  const language = useLanguage();
  const account = useAccount();
  // Operators look after the events; the patients are not their business.
  const seesPatients = account?.principal?.roles.some((role) => staff.includes(role)) === true;
  useEffect(() => beginSession(parts.store, seesPatients), [parts, seesPatients]);
  return (
    <PageContext.Provider value={parts}>
      <FlowPage key={language} seesPatients={seesPatients} />
    </PageContext.Provider>
  );
}

function FlowPage({ seesPatients }: { readonly seesPatients: boolean }) {
  const { title } = useWords(shellWords).screens.flow;
  const connection = useSelected((state) => state.connection);
  return (
    <Frame title={title} connection={connection} tools={seesPatients && <NameSwitch />} class="columns">
      {seesPatients && <QueuesSection />}
      <WaySection />
      <PageFooter />
    </Frame>
  );
}

function NameSwitch() {
  const store = useStore();
  const showNames = useSelected((state) => state.showNames);
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        checked={showNames}
        onChange={(event) => store.dispatch({ type: 'names-switched', on: event.currentTarget.checked })}
      />
      <span class="switch-track" aria-hidden="true" />
      {strings.showNames}
    </label>
  );
}
