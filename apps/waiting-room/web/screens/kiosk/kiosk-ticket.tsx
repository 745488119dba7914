import { useEffect, useRef, useState } from 'preact/hooks';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { currentPlace } from '../../shell/location.ts';
import { printSlip, TicketSlip, type Slip } from '../../view/ticket-slip.tsx';
import { useNow } from '../../view/ticking.tsx';
import { kioskWords } from './words.ts';

/** The ticket stays long enough to be photographed, and longer for whoever asks. */
const shownMs = 25_000;
const moreMs = 60_000;

/** The ticket, on paper when there is a printer, and always on the screen: no browser tells whether paper came out. */
export function KioskTicket({ slip, onDone }: { readonly slip: Slip; readonly onDone: () => void }) {
  const words = useWords(kioskWords);
  const [endsAt, setEndsAt] = useState(() => Date.now() + shownMs);
  const [noPaper, setNoPaper] = useState(false);
  const done = useRef<HTMLButtonElement>(null);
  const left = Math.max(0, Math.ceil((endsAt - useNow()) / 1_000));

  useEffect(() => {
    done.current?.focus();
    // A kiosk with a printer is opened with `?printer=auto`, in a browser that prints without asking.
    if (currentPlace().query.get('printer') === 'auto' && !printSlip()) setNoPaper(true);
  }, []);
  useEffect(() => {
    if (left === 0) onDone();
  }, [left, onDone]);

  const longer = () => setEndsAt(Date.now() + moreMs);
  return (
    <section class="kiosk-ticket">
      <TicketSlip slip={slip} />
      <p class="kiosk-hint" role="status">
        {noPaper ? words.noPaperHint : words.waitHint}
      </p>
      <div class="kiosk-buttons">
        <button
          type="button"
          onClick={() => {
            longer();
            if (!printSlip()) setNoPaper(true);
          }}
        >
          {words.print}
        </button>
        <button
          type="button"
          onClick={() => {
            longer();
            setNoPaper(true);
          }}
        >
          {words.noPaper}
        </button>
        <button type="button" onClick={longer}>
          {words.moreTime}
        </button>
        <button ref={done} type="button" class="primary" onClick={onDone}>
          {words.done}
        </button>
      </div>
      <p class="quietly">{words.closesIn(count(left))}</p>
    </section>
  );
}
