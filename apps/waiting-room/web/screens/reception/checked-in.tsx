import { useEffect, useRef } from 'preact/hooks';
import { notify } from '../../data/notices.ts';
import { useWords } from '../../language/language.ts';
import { Action } from '../../view/action.tsx';
import { printSlip, TicketSlip, type Slip } from '../../view/ticket-slip.tsx';
import { receptionWords } from './words.ts';

/** The ticket of somebody who was checked in, large enough to be read across the desk. */
export function CheckedIn({ slip, onNext }: { readonly slip: Slip; readonly onNext: () => void }) {
  const words = useWords(receptionWords);
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    // Enter prints, Tab leads to the next patient.
    section.current?.querySelector('button')?.focus();
  }, [slip]);
  return (
    <section ref={section} class="panel checked-in" aria-labelledby="checked-in-title">
      <h2 id="checked-in-title">{words.done}</h2>
      <TicketSlip slip={slip} />
      <div class="actions">
        <Action
          kind="primary"
          shortcut="F8"
          onAct={() => {
            if (!printSlip()) notify('failed', words.printFailed);
          }}
        >
          {words.print}
        </Action>
        <Action shortcut="F2" onAct={onNext}>
          {words.next}
        </Action>
      </div>
    </section>
  );
}
