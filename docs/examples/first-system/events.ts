import { defineEvent, Type, type EventOf } from 'millrace';

export const BookLent = defineEvent('BookLent', {
  schema: Type.Object({ bookId: Type.String(), readerId: Type.String() }),
  tags: ({ readerId }) => [`reader:${readerId}`],
});

export const BookReturned = defineEvent('BookReturned', {
  schema: Type.Object({ bookId: Type.String() }),
});

export type LoanEvent = EventOf<typeof BookLent | typeof BookReturned>;
