import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';
import { repository } from './development-tool.ts';

/**
 * Builds the pages of every application that has some: `apps/<name>/web/index.html` and what belongs to it, into
 * `dist/web/<name>`. Asks nothing of the network. Run: `npm run web`; `npm ci` runs it as well.
 */

const applications = path.join(repository, 'apps');

for (const name of readdirSync(applications)) {
  const pages = path.join(applications, name, 'web');
  if (!existsSync(path.join(pages, 'index.html'))) continue;
  await build({
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
}
