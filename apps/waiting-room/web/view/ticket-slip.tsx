import { dayAndTime } from '../language/format.ts';
import { useWords } from '../language/language.ts';
import { slipWords } from '../language/slip-words.ts';
import { QrCode } from './qr-code.tsx';
import './ticket-slip.css';

/** What stands on a ticket. Nothing personal: it may lie on a chair. */
export interface Slip {
  readonly ticket: string;
  readonly queueName: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Path of the patient's page; undefined when the server gives none. */
  readonly link: string | undefined;
}

/** A ticket on the screen, and the only thing on paper when the page is printed. */
export function TicketSlip({ slip }: { readonly slip: Slip }) {
  const words = useWords(slipWords);
  return (
    <div class="slip">
      <p class="slip-title">{words.yourTicket}</p>
      <p class="slip-ticket">{slip.ticket}</p>
      <p class="slip-queue">{slip.queueName}</p>
      {slip.link !== undefined && (
        <>
          <QrCode text={new URL(slip.link, location.origin).href} label={words.codeOf(slip.ticket)} />
          <p class="slip-hint">{words.scan}</p>
        </>
      )}
      <p class="slip-time">{dayAndTime(slip.at)}</p>
    </div>
  );
}

/** Prints the ticket that is shown; false when this browser cannot print. What became of the paper no browser says. */
export function printSlip(): boolean {
  try {
    print();
    return true;
  } catch {
    return false;
  }
}
