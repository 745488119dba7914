import { useEffect, useState } from 'preact/hooks';
import { askForNews, newsPermission } from '../../data/phone-news.ts';
import { age, count, timeOfDay } from '../../language/format.ts';
import { named } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import type { Connection } from '../../model/connection.ts';
import { adviceOf, isOver, type VisitPage } from '../../model/visit-page.ts';
import type { ScreenProps } from '../../shell/screens.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { LanguageSwitch } from '../../view/language-switch.tsx';
import { useNow } from '../../view/ticking.tsx';
import './patient.css';
import { useVisitPage } from './use-visit-page.ts';
import { goText, patientWords } from './words.ts';

/** The page behind the code on a ticket, for the patient's phone. */
export function Patient({ rest }: ScreenProps) {
  const words = useWords(patientWords);
  const shell = useWords(shellWords);
  const { page, connection, unknown, again } = useVisitPage(rest);
  const told = page === undefined ? words.title : `${page.ticket}: ${adviceText(words, page)}`;
  useEffect(() => {
    document.title = told;
  }, [told]);
  return (
    <div class="phone">
      <header class="phone-head">
        <p>{page?.siteName ?? shell.clinic}</p>
        <LanguageSwitch />
      </header>
      <main id="content">
        {unknown ? (
          <section class="phone-advice" data-advice="unknown">
            <h1>{words.unknownTitle}</h1>
            <p>{words.unknownHint}</p>
            <button type="button" onClick={again}>
              {words.tryAgain}
            </button>
          </section>
        ) : page === undefined ? (
          <p class="alone">{connection.open ? shell.loading : shell.connecting}</p>
        ) : (
          <Visit page={page} connection={connection} />
        )}
      </main>
    </div>
  );
}

type Words = (typeof patientWords)['en'];

function adviceText(words: Words, page: VisitPage): string {
  const advice = adviceOf(page);
  if (advice === 'go') return goText(words, page);
  return advice === 'ended' ? endOf(words.ended, page) : words[advice];
}

function hintText(words: Words, page: VisitPage): string {
  const advice = adviceOf(page);
  return advice === 'ended' ? endOf(words.endedHint, page) : words[`${advice}Hint`];
}

function endOf(texts: Words['ended'], { status }: VisitPage): string {
  return status === 'COMPLETED' ? texts.COMPLETED : texts.other;
}

function Visit({ page, connection }: { readonly page: VisitPage; readonly connection: Connection }) {
  const words = useWords(patientWords);
  return (
    <>
      <p class="phone-ticket">
        <span>{words.yourTicket}</span>
        <strong>{page.ticket}</strong>
      </p>
      <section class="phone-advice" data-advice={adviceOf(page)} role="status">
        <h1>{adviceText(words, page)}</h1>
        <p>{hintText(words, page)}</p>
      </section>
      {page.place !== null && <Wait page={page} place={page.place} />}
      {!isOver(page) && <TellMe />}
      <dl class="phone-facts">
        <div>
          <dt>{words.here}</dt>
          <dd>{timeOfDay(page.arrivedAt)}</dd>
        </div>
      </dl>
      {!isOver(page) && <Age connection={connection} />}
    </>
  );
}

/** The place and the estimate; that it is not known, and why, rather than a number that means nothing. */
function Wait({ page, place }: { readonly page: VisitPage; readonly place: number }) {
  const words = useWords(patientWords);
  const { estimate, unknownBecause } = page;
  return (
    <dl class="phone-wait">
      <div>
        <dt>{words.place}</dt>
        <dd data-place={place}>{count(place)}</dd>
      </div>
      <div>
        <dt>{words.estimate}</dt>
        <dd data-estimate={estimate !== null}>
          {estimate === null ? words.unknown : words.about(count(estimate.fromMinutes), count(estimate.toMinutes))}
        </dd>
        {estimate === null && unknownBecause !== null && (
          <dd class="phone-because">{named(words.because, unknownBecause)}</dd>
        )}
      </div>
    </dl>
  );
}

function TellMe() {
  const words = useWords(patientWords);
  const [permission, setPermission] = useState(newsPermission);
  if (permission === 'missing') return null;
  if (permission === 'granted') return <p class="quietly">{words.told}</p>;
  if (permission === 'denied') return <p class="quietly">{words.refused}</p>;
  return (
    <button type="button" class="primary" onClick={() => void askForNews().then(setPermission)}>
      {words.tellMe}
    </button>
  );
}

function Age({ connection }: { readonly connection: Connection }) {
  const words = useWords(patientWords);
  const now = useNow();
  const { open, heardAt = now } = connection;
  return (
    <div class="phone-age" data-state={open ? 'live' : 'lost'} role="status">
      <p class={open ? 'quietly' : 'banner'}>{open ? words.live : words.lost(age(now - heardAt))}</p>
    </div>
  );
}
