/**
 * Names of streams and tags. Nothing personal stands in them: a visit is a random id, a patient is a keyed hash.
 * A visit's id is the name of its stream, `visit-<uuid>`.
 */

/** The stream of a queue's settings. */
export const queueStream = (queueId: string): string => `queue-${queueId}`;

/** Every event about a queue, its visits' included. */
export const queueTag = (queueId: string): string => `queue:${queueId}`;

/**
 * The settings of one queue. A tag of their own keeps the check "have the settings changed since?" a look at a handful
 * of index entries; under the queue's tag it would pass over every visit.
 */
export const queueSettingsTag = (queueId: string): string => `queue-settings:${queueId}`;

/** The settings of all queues, for loading them at the start. */
export const allQueueSettingsTag = 'queue-settings';

/** The visits of one patient in one queue, by the patient's pseudonym. */
export const patientTag = (patientKey: string): string => `patient:${patientKey}`;

/** Where patients are called to. */
export interface Place {
  readonly kind: 'room' | 'desk';
  readonly id: string;
}

/** One turn of a room or desk: the n-th patient called to it, from the call to the end. See call.ts. */
export const turnTag = ({ kind, id }: Place, turn: number): string => `${kind}:${placeKey(id)}#${turn}`;

/** Rooms and desks are told apart without regard to upper and lower case. */
export const placeKey = (id: string): string => id.toLowerCase();

/** The stream of what a room or desk is and whether it is active. */
export const placeStream = ({ kind, id }: Place): string => `${kind}-${placeKey(id)}`;

/** Whether a room or desk is active. Apart from its turns, so that a call reads the last of a few events. */
export const placeStateTag = ({ kind, id }: Place): string => `${kind}-state:${placeKey(id)}`;

/** What a room or desk is called, and who works there: nothing that a call depends on. */
export const placeSettingsTag = ({ kind, id }: Place): string => `${kind}-settings:${placeKey(id)}`;

/** The site of everything that nobody gave to another one. */
export const mainSite = 'main';

export const siteStream = (siteId: string): string => `site-${siteId}`;
export const siteTag = (siteId: string): string => `site:${siteId}`;

/** The settings and days of all sites, for loading them at the start. */
export const allSitesTag = 'site-settings';

/**
 * Check-ins that tell a site which queues it has: of each queue and day the first, whichever process thought so. Queues
 * with settings need none; one that was only ever checked in to is known by nothing else.
 */
export const siteQueuesTag = (siteId: string): string => `site-queues:${siteId}`;

/** One ticket: nobody else may have its tag. */
export const ticketTag = (siteId: string, day: string, ticket: string): string => `ticket:${siteId}:${day}:${ticket}`;

/** Patient ids are compared in upper case and shown as they were sent. */
export const normalisedPatientId = (patientId: string): string => patientId.toUpperCase();

/** Two spellings of a name that differ in case, spaces or Unicode form are the same name. */
export const normalisedName = (name: string): string =>
  name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
