import { createHmac } from 'node:crypto';
import { normalisedPatientId } from '../domain/names.ts';

/**
 * The pseudonym under which a patient's visits to one queue are found: a keyed hash, since a plain hash of a short id
 * is undone by trying all ids. Another secret is another pseudonym, so an installation keeps its secret for good.
 */
export function patientKeyOf(secret: string, queueId: string, patientId: string): string {
  // A queue id has no line break, so no two pairs make the same text.
  const text = `${queueId}\n${normalisedPatientId(patientId)}`;
  return createHmac('sha256', secret).update(text).digest('hex').slice(0, 32);
}
