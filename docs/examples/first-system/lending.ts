import { DomainError, type Decider } from 'millrace';
import { BookLent, BookReturned, type LoanEvent } from './events.ts';

export type Lending =
  | { readonly type: 'lend'; readonly bookId: string; readonly readerId: string }
  | { readonly type: 'return'; readonly bookId: string };

/** Who has the book; null when it stands on the shelf. */
type Holder = string | null;

export const lending: Decider<Holder, Lending, LoanEvent> = {
  name: 'lending',
  initial: null,
  boundary: ({ bookId }) => ({ stream: bookId }),
  decide(holder, command) {
    if (command.type === 'lend') {
      if (holder !== null) throw new DomainError('BOOK_AWAY', 'Somebody has the book.');
      return [BookLent({ bookId: command.bookId, readerId: command.readerId })];
    }
    return holder === null ? [] : [BookReturned({ bookId: command.bookId })];
  },
  evolve: (_holder, event) => (event.type === 'BookLent' ? event.data.readerId : null),
};
