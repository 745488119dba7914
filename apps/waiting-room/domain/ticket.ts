// Crockford's base 32: no I, L, O and U, so that a ticket is neither misread nor a word.
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What a ticket looks like: a prefix and the number of the day, or the five characters of {@link ticketOfOldVisit}. */
export const ticketPattern = String.raw`^[A-Z0-9]{1,3}-\d{3,7}$|^[0-9A-Z]{5}$`;
export const ticketPrefixPattern = '^[A-Z0-9]{1,3}$';

/**
 * What stands on the ticket and the display instead of a name: the queue's prefix and a number that is unique for site,
 * day and prefix. @example ticketOf('Q1', 17) // 'Q1-017'
 */
export function ticketOf(prefix: string, number: number): string {
  return `${prefix}-${String(number).padStart(3, '0')}`;
}

/** The number on a ticket; undefined when it has none. */
export function numberOn(ticket: string): number | undefined {
  const digits = /-(\d+)$/.exec(ticket)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * The prefix of a queue that was given none: its first letter and its number, or its first three characters.
 * waiting_queue_view has the same rule in SQL. @example prefixOf('queue-1') // 'Q1' @example prefixOf('cardiology') // 'CAR'
 */
export function prefixOf(queueId: string): string {
  const number = /^[A-Za-z].*?(\d{1,2})$/.exec(queueId)?.[1];
  const prefix = number === undefined ? queueId.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 3) : `${queueId[0]}${number}`;
  return prefix === '' ? 'Q' : prefix.toUpperCase();
}

/** The ticket of a visit that began before tickets had numbers: from the random end of its id. */
export function ticketOfOldVisit(visitId: string): string {
  let number = Number.parseInt(visitId.replaceAll('-', '').slice(-8), 16);
  if (Number.isNaN(number)) number = 0;
  let ticket = '';
  for (let i = 0; i < 5; i++) {
    ticket += letters.charAt(number % 32);
    number = Math.floor(number / 32);
  }
  return ticket;
}
