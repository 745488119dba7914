import type { ComponentChildren } from 'preact';
import { useWords } from '../../language/language.ts';
import { useAccount } from '../../shell/account.ts';
import { usePlace } from '../../shell/location.ts';
import { administrators } from '../../shell/roles.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { Frame } from '../../view/frame.tsx';
import { AccountsPart } from './accounts-part.tsx';
import './admin.css';
import { ChangesPart } from './changes-part.tsx';
import { KeysPart } from './keys-part.tsx';
import { PlacesPart } from './places-part.tsx';
import { QueuesPart } from './queues-part.tsx';
import { SitesPart } from './sites-part.tsx';
import { adminWords } from './words.ts';

const ofTheClinic = ['queues', 'rooms', 'desks', 'sites'] as const;
const ofAccess = ['accounts', 'keys', 'changes'] as const;
type Part = (typeof ofTheClinic)[number] | (typeof ofAccess)[number];

/** How the clinic is set up, and who may use it. Accounts and keys are for administrators alone, as on the server. */
export function Admin() {
  const words = useWords(adminWords);
  const shell = useWords(shellWords);
  const account = useAccount();
  const { query } = usePlace();
  const held = account?.principal?.roles ?? [];
  const isAdministrator = administrators.some((role) => held.includes(role));
  const parts: readonly Part[] = isAdministrator ? [...ofTheClinic, ...ofAccess] : ofTheClinic;
  const part = parts.find((name) => name === query.get('part')) ?? 'queues';
  const site = query.get('site');
  const hrefOf = (name: Part) => `/admin?${new URLSearchParams({ part: name, ...(site === null ? {} : { site }) })}`;
  return (
    <Frame title={shell.screens.admin.title} class="admin">
      <nav aria-label={words.partsOf}>
        <ul class="admin-parts">
          {parts.map((name) => (
            <li key={name}>
              <a href={hrefOf(name)} aria-current={name === part ? 'page' : undefined}>
                {words.parts[name]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {views[part]()}
    </Frame>
  );
}

const views: { readonly [Name in Part]: () => ComponentChildren } = {
  queues: () => <QueuesPart />,
  rooms: () => <PlacesPart key="rooms" kind="room" />,
  desks: () => <PlacesPart key="desks" kind="desk" />,
  sites: () => <SitesPart />,
  accounts: () => <AccountsPart />,
  keys: () => <KeysPart />,
  changes: () => <ChangesPart />,
};
