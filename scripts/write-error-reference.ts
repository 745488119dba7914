/** Writes every error code into docs/reference/errors.md. A test checks that it is there. Run: `npm run reference` */
import { readFile, writeFile } from 'node:fs/promises';
import { withErrorTable } from './error-table.ts';

const file = new URL('../docs/reference/errors.md', import.meta.url);
await writeFile(file, withErrorTable(await readFile(file, 'utf8')));
