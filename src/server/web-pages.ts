import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { MillraceServer } from './route-module.ts';

/** A build puts a hash of the content into the name: what is under such a name never changes. */
const hashedName = /[-.][A-Za-z0-9_-]{8,}\.(js|css|woff2?|svg|png|jpe?g|webp|avif|ico|mp3|ogg|wasm)$/;

/**
 * What a page may do: use what comes from this server, and nothing that stands inside the page itself. An injected
 * script or style has no effect, and no other site can show the page in a frame.
 */
const contentSecurityPolicy = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'cache-control': 'no-cache',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': contentSecurityPolicy,
} as const;

/**
 * Serves a folder of built pages at `/`, and its first page at each of `paths` as well. What was built after the start
 * is served after the next one. A folder that was not built yet is left out, and the log says so.
 */
export async function addWebPages(server: MillraceServer, folder: URL, paths: readonly string[] = []): Promise<void> {
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
    setHeaders: (reply, file) => {
      for (const [name, value] of Object.entries(headers)) reply.header(name, value);
      const forever = file.includes('/assets/') && hashedName.test(file);
      if (forever) reply.header('cache-control', 'public, max-age=31536000, immutable');
    },
  });
  if (paths.length === 0) return;
  const page = await readFile(path.join(root, 'index.html'));
  for (const url of paths) {
    server.get(url, { schema: { hide: true } }, (_request, reply) =>
      reply.headers(headers).type('text/html; charset=utf-8').send(page),
    );
  }
}
