import { useEffect } from 'preact/hooks';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import type { ScreenProps } from '../../shell/screens.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { ConnectionBadge, StaleBanner } from '../../view/connection-badge.tsx';
import { LanguageSwitch } from '../../view/language-switch.tsx';
import { adviceOf, type PhoneVisit } from './phone-model.ts';
import './phone.css';
import { useVisit } from './use-visit.ts';
import { phoneWords } from './words.ts';

/** The page behind the code on a ticket. It knows the ticket and nothing of whose it is. */
export function Phone({ rest }: ScreenProps) {
  const words = useWords(phoneWords);
  const shell = useWords(shellWords);
  const { visit, isUnknown, connection } = useVisit(rest);
  useEffect(() => {
    const title = shell.screens.patient.title;
    document.title = visit === undefined ? title : `${visit.ticket} · ${title}`;
  }, [shell, visit]);
  return (
    <main class="phone" id="content">
      <div class="phone-head">
        {!isUnknown && <ConnectionBadge connection={connection} />}
        <LanguageSwitch />
      </div>
      {!isUnknown && <StaleBanner connection={connection} />}
      {isUnknown ? (
        <section class="phone-unknown">
          <h1>{words.unknown}</h1>
          <p>{words.unknownHint}</p>
        </section>
      ) : visit === undefined ? (
        <h1>{words.loading}</h1>
      ) : (
        <Visit visit={visit} />
      )}
    </main>
  );
}

function Visit({ visit }: { readonly visit: PhoneVisit }) {
  const words = useWords(phoneWords);
  const advice = adviceOf(visit);
  const because: { readonly [reason: string]: string } = words.because;
  const { estimate, place, destination } = visit;
  return (
    <>
      <h1 class="phone-ticket">
        <span>{words.yourTicket}</span> <strong>{visit.ticket}</strong>
      </h1>
      <p class="phone-where">
        {visit.queueName} · {visit.siteName}
      </p>
      <div class="phone-now" data-advice={advice} role="status">
        <p>{words.advice[advice]}</p>
        {advice === 'go' && <strong>{destination === null ? words.goSomewhere : words.goTo(destination)}</strong>}
        {(advice === 'inside' || advice === 'pay') && destination !== null && <strong>{destination}</strong>}
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
      {!['ended', 'missed', 'over'].includes(advice) && <p class="quietly">{words.keepOpen}</p>}
    </>
  );
}
