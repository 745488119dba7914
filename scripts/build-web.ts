import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds the pages of every application that has some: `apps/<name>/web/index.html` and what belongs to it, into
 * `dist/web/<name>`. Asks nothing of the network.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const applications = path.join(root, 'apps');

/** Vite is a tool of development: an installation for production alone has none, and takes pages that are built. */
async function findVite() {
  try {
    return await import('vite');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

const vite = await findVite();
if (vite === undefined) {
  process.stderr.write('Vite is not installed: the pages were not built.\n');
} else {
  for (const name of readdirSync(applications)) {
    const pages = path.join(applications, name, 'web');
    if (!existsSync(path.join(pages, 'index.html'))) continue;
    await vite.build({
      root: pages,
      configFile: false,
      envDir: false,
      logLevel: 'warn',
      cacheDir: path.join(root, 'node_modules', '.cache', 'vite'),
      oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
      build: {
        outDir: path.join(root, 'dist', 'web', name),
        emptyOutDir: true,
        target: 'es2022',
        // No script and no style inside the page or in data URLs: a strict content security policy holds.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
      },
    });
  }
}
