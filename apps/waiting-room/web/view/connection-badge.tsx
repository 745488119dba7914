import { age } from '../format.ts';
import { connectionState } from '../model/connection.ts';
import { strings } from '../strings.ts';
import { useSelected } from './page-context.ts';
import { useNow } from './ticking.tsx';

/** Whether what is shown is up to date, and how old it is. */
export function ConnectionBadge() {
  const connection = useSelected((state) => state.connection);
  const now = useNow();
  const state = connectionState(connection, now);
  return (
    <p class="connection" data-state={state}>
      <span class="connection-dot" aria-hidden="true" />
      <span role="status">{strings[state]}</span>
      {connection.heardAt !== undefined && (
        <span class="connection-age">{strings.dataAge(age(now - connection.heardAt))}</span>
      )}
    </p>
  );
}

/** Says that the page shows the past. */
export function StaleBanner() {
  const connection = useSelected((state) => state.connection);
  const stale = connectionState(connection, useNow()) === 'stale';
  return <div role="alert">{stale && <p class="banner">{strings.staleExplained}</p>}</div>;
}
