/** Writes every line of the log into docs/reference/logs.md. A test checks that it is there. Run: `npm run reference` */
import { readFile, writeFile } from 'node:fs/promises';
import { withLogTable } from './log-table.ts';

const file = new URL('../docs/reference/logs.md', import.meta.url);
await writeFile(file, withLogTable(await readFile(file, 'utf8')));
