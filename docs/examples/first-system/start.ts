import { migrateSystem, startSystem } from 'millrace';
import { startEmbeddedPostgres } from 'millrace/embedded';
import { lending } from './lending.ts';
import { library } from './library.ts';
import type { Loan } from './loans.ts';

const postgres = await startEmbeddedPostgres({ dataFolder: '.millrace' });
const databases = {
  eventStoreUrl: await postgres.url(library.databases.eventStore),
  readModelsUrl: await postgres.url(library.databases.readModels),
};
await migrateSystem(library, databases);
const system = await startSystem(library, databases);

await system.execute(lending, { type: 'lend', bookId: 'book-1', readerId: 'reader-1' });
await system.execute(lending, { type: 'return', bookId: 'book-1' });
const { position } = await system.execute(lending, { type: 'lend', bookId: 'book-1', readerId: 'reader-2' });

const read = await system.readModels.query<Loan>('select * from loans', [], { minPosition: position });
console.log(`position ${position}:`, read);

await system.stop();
await postgres.stop();
