import test from 'node:test';
import { given, givenEvents, inStream } from 'millrace/testing';
import { BookLent, BookReturned } from './events.ts';
import { lending } from './lending.ts';
import { loans } from './loans.ts';

const lent = BookLent({ bookId: 'book-1', readerId: 'reader-1' });
const returned = BookReturned({ bookId: 'book-1' });

test('a book that is away is not lent again', () => {
  given(lending, [lent]).when({ type: 'lend', bookId: 'book-1', readerId: 'reader-2' }).thenRefused('BOOK_AWAY');
});

test('a book that came back is lent', () => {
  given(lending, [lent, returned]).when({ type: 'lend', bookId: 'book-1', readerId: 'reader-1' }).thenEvents(lent);
});

test('the read model shows who has a book', () => {
  givenEvents(loans, inStream('book-1', lent)).thenRows('loans', [{ book_id: 'book-1', reader_id: 'reader-1' }]);
});
