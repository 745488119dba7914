import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { MillraceServer } from './route-module.ts';

/** A build puts a hash of the content into the name: what is under such a name never changes. */
const hashedName = /[-.][A-Za-z0-9_-]{8,}\.(js|css|woff2?|svg|png|jpe?g|webp|avif|ico|mp3|ogg|wasm)$/;

/** Serves a folder of built pages at `/`. A folder that was not built yet is left out, and the log says so. */
export async function addWebPages(server: MillraceServer, folder: URL): Promise<void> {
  const root = fileURLToPath(folder);
  if (!existsSync(root)) {
    server.log.warn({ folder: root }, 'the pages were not built; only the API is served');
    return;
  }
  await server.register(fastifyStatic, {
    root,
    // A route for each file that is there at the start: everything else is an unknown path like any other.
    wildcard: false,
    index: 'index.html',
    cacheControl: false,
    decorateReply: false,
    setHeaders: (reply, path) => {
      const forever = path.includes('/assets/') && hashedName.test(path);
      reply.header('cache-control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('x-content-type-options', 'nosniff');
    },
  });
}
