import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Builds the pages once for all browser tests: files that build them at the same time would see halves. */
export function setup(): void {
  const program = fileURLToPath(new URL('../../scripts/build-web.ts', import.meta.url));
  const built = spawnSync(process.execPath, [program], { stdio: 'inherit' });
  if (built.status !== 0) throw new Error('The pages were not built.');
}
