import type { LoadScenario } from '#millrace/server';
import { priorities } from './domain/priority.ts';

const types = ['General', 'Cardiology', 'Oncology', 'Pediatrics', 'Surgery'];
const firstNames = ['Ana', 'John', 'Maria', 'Lee', 'Fatima', 'Olu', 'Kim', 'Sam', 'Noor', 'Ines'];
const lastNames = ['Diaz', 'Doe', 'Lopez', 'Park', 'Khan', 'Ade', 'Roy', 'Hill', 'Aziz', 'Costa'];
const queues = 8;

const pick = (from: readonly string[], n: number): string => from[n % from.length] ?? '';

/** Check-ins to eight queues: every third patient is a walk-in, the others have an id that no other check-in has. */
export const checkIns: LoadScenario = {
  description: 'Check-ins to eight queues, a third of them walk-ins',
  request(n, run) {
    const patientName = `${pick(firstNames, n)} ${pick(lastNames, Math.floor(n / firstNames.length))}`;
    const visit = {
      queueId: `queue-${(n % queues) + 1}`,
      patientName,
      priority: pick(priorities, Math.floor(n / queues)),
      consultationType: pick(types, n),
    };
    const body =
      n % 3 === 0 ? visit : { ...visit, patientId: `${run.slice(-8)}-${n}`.replaceAll(/[^A-Za-z0-9.-]/g, '') };
    return { method: 'POST', path: '/api/waiting-room/check-in', body };
  },
};
