/** Writes the help of every command into docs/reference/cli.md. A test checks that it is there as it is printed. */
import { readFile, writeFile } from 'node:fs/promises';
import { helpSections, replaceHelp } from '../src/cli/help-sections.ts';

const file = new URL('../docs/reference/cli.md', import.meta.url);
const page = await readFile(file, 'utf8');
await writeFile(file, replaceHelp(page, helpSections()));
