import type { Decider } from '#millrace';
import {
  isVisitEvent,
  momentOf,
  OpenVisitsEnded,
  VisitEndedAtClosing,
  type OpenVisitsEndedEvent,
  type QueueEvent,
  type VisitEvent,
} from './events.ts';
import { queueStream, queueTag } from './names.ts';
import { OpenVisits } from './open-visits.ts';
import { refuse } from './refusals.ts';
import { effectOf, waitingTypes } from './status.ts';

/** Ends the visits of a queue that the end of a day closed. */
export interface EndOpenVisits {
  readonly queueId: string;
  /** The moment of the closing, in milliseconds since 1970. */
  readonly closedAt: number;
}

export interface QueueAtClosing {
  /** The closing by the end of a day that stands: its day and moment. undefined: the queue was touched since. */
  readonly closing: { readonly day: string; readonly at: string } | undefined;
  /** Open visits by id and pseudonym; the value: nobody has called them, or they wait for something else. */
  readonly open: OpenVisits;
}

const types = [...waitingTypes, 'QueueOpened', 'QueuePaused', 'QueueClosed'] as const;

/**
 * Ends the visits that nobody called before a day ended, all of a queue at once. Who is in a room or at a desk stays,
 * and ends as any visit does. A queue that somebody opened again meanwhile is left alone.
 */
export const endOfDayDecider: Decider<QueueAtClosing, EndOpenVisits, VisitEvent | QueueEvent | OpenVisitsEndedEvent> = {
  name: 'end-of-day',
  initial: { closing: undefined, open: OpenVisits.none },
  boundary: ({ queueId }) => ({ stream: queueStream(queueId), reads: [{ tags: [queueTag(queueId)], types }] }),
  evolve(state, event) {
    if (isVisitEvent(event)) return { ...state, open: nextOpen(state.open, event) };
    if (event.type !== 'QueueClosed') return { ...state, closing: undefined };
    const { day, changedAt } = event.data;
    return { ...state, closing: day === null ? undefined : { day, at: changedAt } };
  },
  decide({ closing, open }, { queueId, closedAt }, { now }) {
    if (closing?.at !== momentOf(closedAt)) {
      throw refuse('TIMER_OUTDATED', { field: 'queueId', problem: 'was opened again' });
    }
    const endedAt = momentOf(now);
    const uncalled = [...open.entries()].filter(([, waits]) => waits).map(([key]) => visitAt(key));
    return [
      OpenVisitsEnded({ queueId, day: closing.day, visits: uncalled.length, endedAt }),
      ...uncalled.map(({ visitId, patientKey }) =>
        VisitEndedAtClosing({ visitId, queueId, patientKey, reason: 'DAY_CLOSED', endedAt }, { stream: visitId }),
      ),
    ];
  },
  snapshot: {
    version: 1,
    every: 1000,
    toJson: ({ closing, open }) => [closing?.day ?? null, closing?.at ?? null, ...[...open.entries()].flat()],
    fromJson(json) {
      // Written by toJson above under the same version: day and moment of the closing, then key and value in turn.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const [day, at, ...entries] = json as [string | null, string | null, ...(string | boolean)[]];
      const open: [string, boolean][] = [];
      for (let i = 0; i < entries.length; i += 2) open.push([String(entries[i]), entries[i + 1] === true]);
      return { closing: day === null || at === null ? undefined : { day, at }, open: OpenVisits.of(open) };
    },
  },
};

/** Neither has a space. */
const keyOf = (visitId: string, patientKey: string | null): string => `${visitId} ${patientKey ?? ''}`;

function visitAt(key: string): { readonly visitId: string; readonly patientKey: string | null } {
  const [visitId = '', patientKey = ''] = key.split(' ');
  return { visitId, patientKey: patientKey === '' ? null : patientKey };
}

function nextOpen(open: OpenVisits, event: VisitEvent): OpenVisits {
  const { visitId, patientKey } = event.data;
  const key = keyOf(visitId, patientKey);
  switch (effectOf(event)) {
    case 'comes':
    case 'waits':
      return open.with(key, true);
    case 'away':
      return open.with(key, event.type === 'PatientParked');
    case 'goes':
      return open.with(key, undefined);
    case 'named': {
      const before = keyOf(visitId, null);
      return open.with(key, open.get(before)).with(before, undefined);
    }
    case 'stays':
      return open;
  }
}
