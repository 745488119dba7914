// Crockford's base 32: no I, L, O and U, so that a ticket is neither misread nor a word.
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * What stands on the ticket and the display instead of a name: five characters from the random end of the visit's id.
 * Of 200 people who wait, two have the same ticket in one of 1,700 waiting rooms; numbers without repeats come with
 * the clinic's day. @example ticketOf('visit-019a…') // 'K7Q2M'
 */
export function ticketOf(visitId: string): string {
  let number = Number.parseInt(visitId.replaceAll('-', '').slice(-8), 16);
  if (Number.isNaN(number)) number = 0;
  let ticket = '';
  for (let i = 0; i < 5; i++) {
    ticket += letters.charAt(number % 32);
    number = Math.floor(number / 32);
  }
  return ticket;
}
