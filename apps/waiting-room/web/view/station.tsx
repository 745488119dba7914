import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { act } from '../data/act.ts';
import { callNext } from '../data/call-next.ts';
import { clinicWords } from '../language/clinic-words.ts';
import { count } from '../language/format.ts';
import { useWords } from '../language/language.ts';
import { refusalText } from '../language/refusal-words.ts';
import { stationWords } from '../language/station-words.ts';
import type { Clinic } from '../model/clinic.ts';
import type { PlaceKind, PlaceRow } from '../model/places.ts';
import type { QueueRow, VisitRow } from '../model/rows.ts';
import { visitsWith } from '../model/selections.ts';
import { queuesToCallFrom, refusalOfCall } from '../model/serving.ts';
import { Action } from './action.tsx';
import { LineList } from './line-list.tsx';
import { PriorityMark } from './priority-mark.tsx';
import { Elapsed } from './ticking.tsx';
import './station.css';

interface StationProps {
  readonly kind: PlaceKind;
  readonly place: PlaceRow;
  readonly clinic: Clinic;
  /** Those that are served here. */
  readonly queues: readonly QueueRow[];
  /** Who is here now. */
  readonly visit: VisitRow | undefined;
  /** What can be done for who is here. */
  readonly steps: (visit: VisitRow) => ComponentChildren;
  /** What else is known of who is here. */
  readonly facts?: (visit: VisitRow) => ComponentChildren;
  readonly children?: ComponentChildren;
}

const lineOf = { room: 'WAITING', desk: 'WAITING_CASHIER' } as const;
const callOne = { room: '/api/waiting-room/call-patient', desk: '/api/waiting-room/call-patient-to-desk' } as const;

const rights = {
  room: { next: 'POST /api/waiting-room/call-next', one: 'POST /api/waiting-room/call-patient' },
  desk: { next: 'POST /api/waiting-room/call-next-to-desk', one: 'POST /api/waiting-room/call-patient-to-desk' },
} as const;

/** A desk or a room: who is there, who comes next, and the call. */
export function Station({ kind, place, clinic, queues, visit, steps, facts, children }: StationProps) {
  const words = useWords(stationWords);
  const shared = useWords(clinicWords);
  const status = lineOf[kind];
  const waiting = useMemo(
    () => visitsWith(clinic, new Set(queues.map(({ queueId }) => queueId)), [status]),
    [clinic, queues, status],
  );
  const occupied = kind === 'room' ? 'ROOM_OCCUPIED' : 'DESK_OCCUPIED';
  const inactive = kind === 'room' ? 'ROOM_INACTIVE' : 'DESK_INACTIVE';
  const notHere = visit !== undefined ? occupied : place.active ? undefined : inactive;
  const code = notHere ?? refusalOfCall(queues, waiting);
  const named = (ticket: string) => words.called(ticket, place.name);
  const heading = useFocusOnChange(visit?.visitId, clinic.visits !== undefined);

  return (
    <div class="station">
      <div class="station-here">
        <Action
          kind={visit === undefined ? 'primary' : 'plain'}
          shortcut="F2"
          needs={rights[kind].next}
          refusal={code === undefined ? undefined : refusalText(code, code)}
          onAct={() => callNext(kind, place.id, queuesToCallFrom(queues, waiting), named)}
        >
          {words.callNext}
        </Action>
        <section class="panel here" data-visit={visit?.visitId} data-status={visit?.status}>
          {visit === undefined ? (
            <>
              <h2 ref={heading} tabIndex={-1}>
                {words.nobodyHere}
              </h2>
              <p class="quietly">{words.nobodyHereHint(count(waiting.length))}</p>
            </>
          ) : (
            <>
              <h2 class="here-ticket" ref={heading} tabIndex={-1}>
                {visit.ticket}
              </h2>
              <p class="here-name">{visit.name ?? shared.unnamed}</p>
              <p class="here-facts">
                <PriorityMark priority={visit.priority} />
                <span>{visit.consultationType}</span>
                <span>
                  {words.hereFor} <Elapsed since={visit.arrivedAt} />
                </span>
                {visit.absences > 0 && <span>{words.absences(count(visit.absences))}</span>}
              </p>
              <p class="here-timer" role="timer">
                {visit.status === 'IN_CONSULTATION' ? words.inConsultationFor : words.calledFor}{' '}
                <Elapsed since={timerOf(visit)} />
              </p>
              {facts?.(visit)}
              <div class="actions here-actions">{steps(visit)}</div>
            </>
          )}
        </section>
        {children}
      </div>
      <LineList
        visits={waiting}
        queues={queues}
        title={words.line}
        action={(other) => (
          <Action
            quiet
            needs={rights[kind].one}
            label={words.callTicket(other.ticket)}
            refusal={notHere === undefined ? undefined : refusalText(notHere, notHere)}
            onAct={() =>
              act(callOne[kind], { visitId: other.visitId, [`${kind}Id`]: place.id }, () => named(other.ticket))
            }
          >
            {words.callThis}
          </Action>
        )}
      />
    </div>
  );
}

/** Since when the patient is at this step; of a server that does not tell, since the call. */
function timerOf({ status, startedAt, calledAt, arrivedAt }: VisitRow): number {
  return (status === 'IN_CONSULTATION' ? startedAt : undefined) ?? calledAt ?? arrivedAt;
}

/**
 * Who comes or goes because of what was pressed here takes the keyboard along to the heading, which is read out. Not to
 * a button: a key that was pressed twice must not take the next step by itself.
 */
function useFocusOnChange(visitId: string | undefined, isKnown: boolean) {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef<{ readonly visitId: string | undefined } | undefined>(undefined);
  useEffect(() => {
    if (!isKnown) return;
    const changed = before.current !== undefined && before.current.visitId !== visitId;
    before.current = { visitId };
    if (!changed) return;
    const { activeElement } = document;
    // Whoever types elsewhere goes on there.
    const isElsewhere =
      activeElement !== null && activeElement !== document.body && activeElement.closest('.station') === null;
    if (!isElsewhere) heading.current?.focus();
  }, [visitId, isKnown]);
  return heading;
}
