import { useState } from 'preact/hooks';
import { tellFailure } from '../../data/act.ts';
import { fieldsOf, text } from '../../data/json.ts';
import { notify } from '../../data/notices.ts';
import { get } from '../../data/rest.ts';
import { useWords } from '../../language/language.ts';
import { useMay } from '../../shell/account.ts';
import { Action } from '../../view/action.tsx';
import { printSlip, TicketSlip, type Slip } from '../../view/ticket-slip.tsx';
import { visitWords } from './words.ts';

const right = 'GET /api/waiting-room/visits/:visitId/link';

interface PhoneLinkProps {
  readonly visitId: string;
  readonly slip: Omit<Slip, 'link'>;
}

/**
 * The patient's own page as a code, to be scanned or printed, for those who may see it. Only when it is asked for: whoever
 * reads the screen over a shoulder has the link as well.
 */
export function PhoneLink({ visitId, slip }: PhoneLinkProps) {
  const words = useWords(visitWords);
  const may = useMay();
  const [link, setLink] = useState<string>();
  if (!may(right)) return null;

  async function show(): Promise<void> {
    try {
      const { body } = await get(`/api/waiting-room/visits/${encodeURIComponent(visitId)}/link`);
      setLink(text(fieldsOf(body)['link']));
    } catch (error) {
      tellFailure(error);
    }
  }

  return (
    <section class="panel phone-link" aria-labelledby="phone-title">
      <h2 id="phone-title">{words.phone}</h2>
      {link === undefined ? (
        <>
          <p class="quietly">{words.phoneHint}</p>
          <Action onAct={show}>{words.showCode}</Action>
        </>
      ) : (
        <>
          <TicketSlip slip={{ ...slip, link }} />
          <div class="actions">
            <Action
              kind="primary"
              onAct={() => {
                if (!printSlip()) notify('failed', words.printFailed);
              }}
            >
              {words.print}
            </Action>
            <Action onAct={() => setLink(undefined)}>{words.hideCode}</Action>
            <a href={link} target="_blank" rel="noreferrer">
              {words.openPage}
            </a>
          </div>
        </>
      )}
    </section>
  );
}
