import { useMemo } from 'preact/hooks';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { stationWords } from '../../language/station-words.ts';
import { queuesOf, samePlace, visitAtDesk } from '../../model/selections.ts';
import { paymentAttempts, refusalOfAttempt, refusalOfGivingUp } from '../../model/steps.ts';
import type { VisitRow } from '../../model/rows.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { Frame } from '../../view/frame.tsx';
import { PlaceChoice } from '../../view/place-choice.tsx';
import { chosenQueues, QueueFilter } from '../../view/queue-filter.tsx';
import { StaffButton } from '../../view/staff-button.tsx';
import { Station } from '../../view/station.tsx';
import { StepButton } from '../../view/step-button.tsx';
import { useClinic } from '../../view/use-clinic.ts';
import { useKept } from '../../view/use-kept.ts';
import { usePlaces } from '../../view/use-places.ts';
import { cashierWords } from './words.ts';

/** A cashier's desk: calls who is next and takes the payment. */
export function Cashier() {
  const words = useWords(shellWords);
  const station = useWords(stationWords);
  const { clinic, connection } = useClinic();
  const { siteId } = useSites();
  const [deskId, chooseDesk] = useKept('desk');
  const [filter, setFilter] = useKept('desk-queues');
  const { places: desks, refresh } = usePlaces('desk', clinic.position);
  const queues = useMemo(() => queuesOf(clinic, siteId), [clinic, siteId]);
  const served = useMemo(() => chosenQueues(queues, filter), [queues, filter]);
  const known = desks?.find(({ id }) => samePlace(id, deskId));
  const place = known ?? { id: deskId, name: deskId, siteId, staffName: null, active: true, occupied: false };
  return (
    <Frame title={words.screens.cashier.title} connection={connection} sites class="station-main">
      {deskId === '' ? (
        <PlaceChoice kind="desk" places={desks?.filter((desk) => desk.siteId === siteId) ?? []} onChoose={chooseDesk} />
      ) : (
        <>
          <div class="station-head">
            <h2>{place.name}</h2>
            <StaffButton kind="desk" place={place} refresh={refresh} />
            <button type="button" class="quiet" onClick={() => chooseDesk('')}>
              {station.change.desk}
            </button>
            <QueueFilter queues={queues} value={filter} onChange={setFilter} />
          </div>
          <Station
            kind="desk"
            place={place}
            clinic={clinic}
            queues={served}
            visit={visitAtDesk(clinic, deskId)}
            facts={(visit) => <Attempts made={visit.paymentAttempts} />}
            steps={(visit) => <Steps visit={visit} />}
          />
        </>
      )}
    </Frame>
  );
}

function Steps({ visit }: { readonly visit: VisitRow }) {
  const { status, paymentAttempts: made } = visit;
  return (
    <>
      <StepButton compact step="validate-payment" visit={visit} kind="primary" shortcut="F8" />
      <StepButton
        compact
        step="payment-pending"
        visit={visit}
        shortcut="F9"
        otherRefusal={refusalOfAttempt(status, made)}
      />
      <StepButton compact step="waive-payment" visit={visit} />
      <StepButton compact step="recall" visit={visit} shortcut="F4" />
      <StepButton compact step="absent-at-cashier" visit={visit} />
      <StepButton compact step="undo-call" visit={visit} />
      <StepButton
        compact
        step="cancel-by-payment"
        visit={visit}
        kind="danger"
        otherRefusal={refusalOfGivingUp(status, made)}
      />
    </>
  );
}

/** How often it was tried in vain, in words and as marks. */
function Attempts({ made }: { readonly made: number }) {
  const words = useWords(cashierWords);
  return (
    <p class="attempts">
      {Array.from({ length: paymentAttempts }, (_, attempt) => (
        <span key={attempt} data-used={attempt < made} aria-hidden="true" />
      ))}
      {words.attempts(count(made), count(paymentAttempts))}
    </p>
  );
}
