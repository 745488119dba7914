import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { build } from 'vite';
import { firstLoads, mostFirstLoad, type BuiltFile } from './first-load.ts';
import { repository } from './development-tool.ts';

/**
 * Builds the pages of every application that has some: `apps/<name>/web/index.html` and what belongs to it, into
 * `dist/web/<name>`, and fails when a screen needs more script than it should. Asks nothing of the network. Run:
 * `node scripts/build-web.ts`; `npm ci` runs it as well. With `--sizes` it says what each screen needs.
 */

const applications = path.join(repository, 'apps');

for (const name of readdirSync(applications)) {
  const pages = path.join(applications, name, 'web');
  if (!existsSync(path.join(pages, 'index.html'))) continue;
  const built = await build({
    root: pages,
    configFile: false,
    envDir: false,
    logLevel: 'warn',
    cacheDir: path.join(repository, 'node_modules', '.cache', 'vite'),
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: path.join(repository, 'dist', 'web', name),
      emptyOutDir: true,
      target: 'es2022',
      // No script and no style inside the page or in data URLs: a strict content security policy holds.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
  const files: readonly BuiltFile[] = (Array.isArray(built) ? built : [built]).flatMap((part) =>
    'output' in part ? part.output : [],
  );
  for (const { screen, bytes } of firstLoads(files)) {
    if (process.argv.includes('--sizes')) process.stdout.write(`${String(bytes).padStart(7)} ${name} ${screen}\n`);
    if (bytes <= mostFirstLoad) continue;
    process.stderr.write(`${name}: ${screen} needs ${bytes} bytes of compressed script, more than ${mostFirstLoad}.\n`);
    process.exitCode = 1;
  }
}
