/** Writes every metric into docs/reference/metrics.md. A test checks that it is there. Run: `npm run reference` */
import { readFile, writeFile } from 'node:fs/promises';
import { withMetricTable } from './metric-reference.ts';

const file = new URL('../docs/reference/metrics.md', import.meta.url);
await writeFile(file, withMetricTable(await readFile(file, 'utf8')));
