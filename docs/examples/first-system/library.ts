import { defineSystem } from 'millrace';
import { BookLent, BookReturned } from './events.ts';
import { loans } from './loans.ts';

export const library = defineSystem({
  name: 'library',
  events: [BookLent, BookReturned],
  tables: { events: 'library_events', outbox: 'library_outbox' },
  databases: { eventStore: 'library_events', readModels: 'library_read_models' },
  projections: [loans],
});
