import { dataOf, defineProjection, rows } from 'millrace';
import { BookLent } from './events.ts';

export type Loan = { readonly book_id: string; readonly reader_id: string | null; readonly times: number };

const loanRows = rows<Loan>({
  table: 'loans',
  key: 'book_id',
  columns: { book_id: 'text', reader_id: 'text', times: 'integer' },
  on: {
    BookLent(row, event) {
      const { bookId, readerId } = dataOf(BookLent, event);
      return { book_id: bookId, reader_id: readerId, times: (row?.times ?? 0) + 1 };
    },
    BookReturned: (row) => (row === undefined ? undefined : { ...row, reader_id: null }),
  },
});

export const loans = defineProjection({
  id: 'loans',
  schema: new URL('./loans.sql', import.meta.url),
  rows: [loanRows],
  exposes: ['loans'],
});
