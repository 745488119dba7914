import { useWords } from '../language/language.ts';
import { Frame } from '../view/frame.tsx';
import { PageFooter } from '../view/page-footer.tsx';
import { useAccount } from './account.ts';
import { hrefOf } from './location.ts';
import type { Role } from './roles.ts';
import { entries, groups, maySee } from './screens.ts';
import { shellWords } from './shell-words.ts';

/** A card for every screen that the reader may see, by who works with it. */
export function Home({ held }: { readonly held: readonly Role[] }) {
  const words = useWords(shellWords);
  const account = useAccount();
  const mine = entries().filter(([, screen]) => maySee(screen, held));
  return (
    <Frame title={words.clinic} sites class="home">
      {account?.mode === 'demo' && !account.signedIn && <p class="quietly">{words.demo}</p>}
      {groups.map((group) => {
        const cards = mine.filter(([, screen]) => screen.group === group);
        if (cards.length === 0) return null;
        return (
          <section key={group} aria-labelledby={`group-${group}`}>
            <h2 id={`group-${group}`}>{words.groups[group]}</h2>
            <ul class="screen-cards">
              {cards.map(([name, screen]) => (
                <li key={name}>
                  <a href={hrefOf(screen.path)}>
                    <strong>{words.screens[name].title}</strong>
                    <span>{words.screens[name].about}</span>
                  </a>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
      <PageFooter />
    </Frame>
  );
}
