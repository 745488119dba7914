import { age } from '../language/format.ts';
import { useWords } from '../language/language.ts';
import { connectionState, type Connection } from '../model/connection.ts';
import { shellWords } from '../shell/shell-words.ts';
import { useNow } from './ticking.tsx';

/** Whether what is shown is up to date, and how old it is. */
export function ConnectionBadge({ connection }: { readonly connection: Connection }) {
  const words = useWords(shellWords);
  const now = useNow();
  const state = connectionState(connection, now);
  return (
    <p class="connection" data-state={state}>
      <span class="connection-dot" aria-hidden="true" />
      <span role="status">{words[state]}</span>
      {connection.heardAt !== undefined && (
        <span class="connection-age">{words.dataAge(age(now - connection.heardAt))}</span>
      )}
    </p>
  );
}

/** Says that the page shows the past. */
export function StaleBanner({ connection }: { readonly connection: Connection }) {
  const words = useWords(shellWords);
  const stale = connectionState(connection, useNow()) === 'stale';
  return <div role="alert">{stale && <p class="banner">{words.staleExplained}</p>}</div>;
}
