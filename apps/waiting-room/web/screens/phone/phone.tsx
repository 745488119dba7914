import { useEffect } from 'preact/hooks';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import type { ScreenProps } from '../../shell/screens.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { ConnectionBadge, StaleBanner } from '../../view/connection-badge.tsx';
import { LanguageSwitch } from '../../view/language-switch.tsx';
import { adviceOf, type PhoneVisit } from './phone-model.ts';
import './phone.css';
import { useVisit, type VisitOfLink } from './use-visit.ts';
import { phoneWords } from './words.ts';

/** The page behind the code on a ticket. It knows the ticket and nothing of whose it is. */
export function Phone({ rest }: ScreenProps) {
  const words = useWords(phoneWords);
  const shell = useWords(shellWords);
  const ofLink = useVisit(rest);
  const { visit, isUnknown, connection } = ofLink;
  const isLive = !isUnknown && visit?.isOver !== true;
  useEffect(() => {
    const title = shell.screens.patient.title;
    document.title = visit === undefined ? title : `${visit.ticket} · ${title}`;
  }, [shell, visit]);
  return (
    <main class="phone" id="content">
      <div class="phone-head">
        {isLive && <ConnectionBadge connection={connection} />}
        <LanguageSwitch />
      </div>
      {isLive && <StaleBanner connection={connection} />}
      {isUnknown ? (
        <section class="phone-unknown">
          <h1>{words.unknown}</h1>
          <p>{words.unknownHint}</p>
        </section>
      ) : visit === undefined ? (
        <h1>{words.loading}</h1>
      ) : (
        <Visit visit={visit} called={ofLink.called} isCalledAgain={ofLink.isCalledAgain} />
      )}
    </main>
  );
}

interface VisitProps extends Pick<VisitOfLink, 'called' | 'isCalledAgain'> {
  readonly visit: PhoneVisit;
}

function Visit({ visit, called, isCalledAgain }: VisitProps) {
  const words = useWords(phoneWords);
  const advice = adviceOf(visit);
  const because: { readonly [reason: string]: string } = words.because;
  const { estimate, place, destination } = visit;
  return (
    <>
      <h1 class="phone-ticket">
        <span>{words.yourTicket}</span> <strong>{visit.ticket}</strong>
      </h1>
      <p class="phone-where">{visit.siteName}</p>
      <div role="status">
        {/* Another element with each call: it flashes, and is read out, once more. */}
        <div key={called} class="phone-now" data-advice={advice} data-called={called}>
          <p>{advice === 'go' && isCalledAgain ? words.again : words.advice[advice]}</p>
          {advice === 'go' && <strong>{destination === null ? words.goSomewhere : words.goTo(destination)}</strong>}
          {(advice === 'inside' || advice === 'pay') && destination !== null && <strong>{destination}</strong>}
        </div>
      </div>
      {place !== null && (
        <dl class="phone-facts">
          <div>
            <dt>{words.place}</dt>
            <dd>{count(place)}</dd>
          </div>
          <div>
            <dt>{words.estimate}</dt>
            <dd>
              {estimate === null
                ? words.isUnknown
                : words.between(count(estimate.fromMinutes), count(estimate.toMinutes))}
            </dd>
            {visit.unknownBecause !== null && <dd class="quietly">{because[visit.unknownBecause]}</dd>}
          </div>
        </dl>
      )}
      <p class="quietly">{visit.isOver ? words.done : words.keepOpen}</p>
    </>
  );
}
