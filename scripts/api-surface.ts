import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { emitPackage } from './build-package.ts';
import { readApiSurface } from './read-api-surface.ts';
import { repository } from './development-tool.ts';

/**
 * Writes the public API into docs/reference/api-surface.txt, so that a change of it is seen in review. A test compares.
 * Run: `npm run api`
 */

const folder = await mkdtemp(path.join(os.tmpdir(), 'millrace-api-'));
try {
  await emitPackage(folder);
  await writeFile(path.join(repository, 'docs/reference/api-surface.txt'), readApiSurface(folder));
  process.stderr.write('Wrote docs/reference/api-surface.txt.\n');
} finally {
  await rm(folder, { recursive: true, force: true });
}
