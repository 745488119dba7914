import { randomBytes } from 'node:crypto';
import type { CheckIn } from '../apps/waiting-room/domain/check-in.ts';
import { priorities } from '../apps/waiting-room/domain/priority.ts';
import { formatUuid, newEventId } from '../src/index.ts';

const lastNames = ['Olsen', 'Meyer', 'Garcia', 'Novak', 'Kim', 'Silva', 'Rossi', 'Dubois'];

/** The n-th of many check-ins, each of a patient who was never here. */
export function checkInCommand(n: number, queueId: string, settingsPosition = 0): CheckIn {
  return {
    visitId: `visit-${newEventId()}`,
    queueId,
    patientId: `PAT-${n}`,
    patientKey: formatUuid(randomBytes(16)).replaceAll('-', ''),
    patientName: `Alex ${lastNames[n % lastNames.length] ?? ''}`,
    priority: priorities[n % priorities.length] ?? 'Medium',
    consultationType: 'General',
    notes: null,
    settingsPosition,
  };
}
