import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../language/language.ts';
import { Frame } from '../view/frame.tsx';
import { NoticeRegion } from '../view/notices.tsx';
import { signInHref } from '../view/account-menu.tsx';
import { loadAccount, useAccount } from './account.ts';
import { Home } from './home.tsx';
import { hrefOf, usePlace } from './location.ts';
import { maySee, screenAt, type ScreenProps } from './screens.ts';
import { shellWords } from './shell-words.ts';
import { SignIn } from './sign-in.tsx';

/** Asked again so often while the server does not answer who is signed in. */
const askAgainMs = 2_000;

/** The whole page: the screen of the address, for whoever may see it. */
export function App() {
  return (
    <>
      <Content />
      <NoticeRegion />
    </>
  );
}

function Content() {
  const words = useWords(shellWords);
  const { path } = usePlace();
  const account = useAccount();
  const at = screenAt(path);
  const failed = useAccountLoading();
  if (path === '/sign-in' && account !== undefined) return <SignIn account={account} />;
  if (at?.screen.roles === 'public') return <Loaded key={at.name} load={at.screen.load} rest={at.rest} />;
  if (account === undefined) return <p class="alone">{failed ? words.serverFailed : words.loading}</p>;
  const held = account.principal?.roles ?? [];
  if (account.principal === null) return <SignIn account={account} />;
  if (path === '/') return <Home held={held} />;
  if (at === undefined) {
    return <Calm title={words.notFound} hint={words.notFoundHint} link={{ href: hrefOf('/'), name: words.home }} />;
  }
  if (!maySee(at.screen, held)) {
    const hint = words.notYoursHint(
      words.screens[at.name].title,
      at.screen.roles.map((role) => words.roles[role]).join(', '),
    );
    return (
      <Calm
        title={words.notYours}
        hint={`${hint} ${words.signedInAs(account.principal.displayName)}`}
        link={{ href: hrefOf('/'), name: words.home }}
        other={{ href: signInHref(path), name: words.otherAccount }}
      />
    );
  }
  return <Loaded key={at.name} load={at.screen.load} rest={at.rest} />;
}

/** Asks who is signed in until the server says it; true while it does not. */
function useAccountLoading(): boolean {
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let timer = 0;
    const ask = (): void => {
      loadAccount().then(
        () => setFailed(false),
        () => {
          setFailed(true);
          timer = setTimeout(ask, askAgainMs);
        },
      );
    };
    ask();
    return () => clearTimeout(timer);
  }, []);
  return failed;
}

interface Link {
  readonly href: string;
  readonly name: string;
}

/** A page that says why there is nothing else, and where to go. */
function Calm({ title, hint, link, other }: { title: string; hint: string; link: Link; other?: Link }) {
  return (
    <Frame title={title} class="calm">
      <p>{hint}</p>
      <p class="calm-links">
        <a href={link.href}>{link.name}</a>
        {other !== undefined && <a href={other.href}>{other.name}</a>}
      </p>
    </Frame>
  );
}

/** A screen whose code comes when it is wanted. */
function Loaded({ load, rest }: { readonly load: () => Promise<ComponentType<ScreenProps>>; readonly rest: string }) {
  const words = useWords(shellWords);
  const [state, setState] = useState<{ Screen?: ComponentType<ScreenProps>; failed?: boolean }>({});
  useEffect(() => {
    let gone = false;
    load().then(
      (Screen) => !gone && setState({ Screen }),
      () => !gone && setState({ failed: true }),
    );
    return () => {
      gone = true;
    };
  }, [load]);
  const { Screen, failed } = state;
  if (Screen !== undefined) return <Screen rest={rest} />;
  if (failed !== true) return <p class="alone">{words.loading}</p>;
  return (
    <div class="alone" role="alert">
      <p>{words.screenFailed}</p>
      {/* After an update of the server the old code is gone: the whole page is loaded anew. */}
      <button type="button" class="primary" onClick={() => location.reload()}>
        {words.tryAgain}
      </button>
    </div>
  );
}
