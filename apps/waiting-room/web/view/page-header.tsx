import { strings } from '../strings.ts';
import { ConnectionBadge } from './connection-badge.tsx';
import { useSelected, useStore } from './page-context.ts';

export function PageHeader() {
  const store = useStore();
  const showNames = useSelected((state) => state.showNames);
  return (
    <header class="head">
      <h1>{strings.pageTitle}</h1>
      <ConnectionBadge />
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
    </header>
  );
}
