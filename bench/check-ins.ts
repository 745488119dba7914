import type { CheckIn } from '../apps/waiting-room/domain/check-in.ts';
import { priorities } from '../apps/waiting-room/domain/priority.ts';
import { newEventId } from '../src/index.ts';
import { uuidV7 } from './sample-event.ts';

const lastNames = ['Olsen', 'Meyer', 'Garcia', 'Novak', 'Kim', 'Silva', 'Rossi', 'Dubois'];

/** The n-th of many check-ins, each of a patient who was never here. */
export function checkInCommand(n: number, queueId: string, settingsPosition = 0): CheckIn {
  return {
    visitId: `visit-${newEventId()}`,
    queueId,
    patientId: `PAT-${n}`,
    // As spread out as a keyed hash: the random end of the id comes first.
    patientKey: Array.from(uuidV7().replaceAll('-', '')).toReversed().join(''),
    patientName: `Alex ${lastNames[n % lastNames.length] ?? ''}`,
    priority: priorities[n % priorities.length] ?? 'Medium',
    consultationType: 'General',
    notes: null,
    settingsPosition,
    // A site of its own: no two check-ins want the same ticket, however often n comes.
    ...{
      siteId: newEventId(),
      day: '2026-01-01',
      ticket: `B-${String(n % 1_000_000).padStart(3, '0')}`,
      firstOfDay: false,
    },
  };
}
