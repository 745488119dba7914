import { useMemo, useState } from 'preact/hooks';
import { useWords } from '../../language/language.ts';
import { queuesOf } from '../../model/selections.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { Frame } from '../../view/frame.tsx';
import type { Slip } from '../../view/ticket-slip.tsx';
import { useClinic } from '../../view/use-clinic.ts';
import { CheckedIn } from './checked-in.tsx';
import { CheckInForm } from './check-in-form.tsx';
import './reception.css';
import { WhoIsHere } from './who-is-here.tsx';

/** The desk at the door: checks patients in, and finds those who are here. */
export function Reception() {
  const words = useWords(shellWords);
  const { clinic, connection } = useClinic();
  const { siteId } = useSites();
  const [slip, setSlip] = useState<Slip>();
  const queues = useMemo(() => queuesOf(clinic, siteId), [clinic, siteId]);
  return (
    <Frame title={words.screens.reception.title} connection={connection} sites class="reception">
      {/* The form stays as it is below the ticket: queue and consultation are often the same for the next one. */}
      <div class="desk">
        {slip !== undefined && <CheckedIn slip={slip} onNext={() => setSlip(undefined)} />}
        <CheckInForm clinic={clinic} queues={queues} hidden={slip !== undefined} onCheckedIn={setSlip} />
      </div>
      <WhoIsHere clinic={clinic} queues={queues} onTicket={setSlip} />
    </Frame>
  );
}
