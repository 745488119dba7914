import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { MillraceError } from '../errors.ts';
import type { MillraceServer } from './route-module.ts';

/**
 * Reads bodies: JSON in UTF-8, not compressed, and nothing else. An empty body is no body; whether one is needed is the route's matter.
 * Keys that reach an object's prototype are refused, and characters that no database can store.
 */
export function addJsonBody(server: MillraceServer): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser('error', 'error');
  // Before the body is read: what cannot be understood need not be taken in.
  server.addHook('preParsing', (request, _reply, _payload, done) => {
    done(unreadable(request.headers));
  });
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    if (!isUtf8(body)) {
      done(new MillraceError('JSON_INVALID', 'The body is not UTF-8.'));
      return;
    }
    const text = body.toString('utf8');
    // Only an escape can bring such a character past the check of the bytes, and escapes are rare.
    const check = text.includes(String.raw`\u`)
      ? (error: Error | null, value?: unknown) => {
          if (error === null && !storable(value)) done(unstorable());
          else done(error, value);
        }
      : done;
    // Either calls back or returns a promise by its type; this one calls back.
    void parse(request, text, check);
  });
}

/** Why a body cannot be read, by its headers alone. */
function unreadable(headers: IncomingHttpHeaders): MillraceError | null {
  const { 'content-encoding': encoding, 'content-type': type = '' } = headers;
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    return new MillraceError('MEDIA_TYPE_UNSUPPORTED', 'The body must not be compressed.');
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    return new MillraceError('MEDIA_TYPE_UNSUPPORTED', 'The body must be UTF-8.');
  }
  return null;
}

function unstorable(): MillraceError {
  return new MillraceError('JSON_INVALID', 'The body holds a NUL character or half of a surrogate pair.');
}

/** Without recursion: a body may be nested as deep as it is long. */
function storable(body: unknown): boolean {
  const left: unknown[] = [body];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'string') {
      if (!value.isWellFormed() || value.includes('\0')) return false;
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) left.push(key, member);
    }
  }
  return true;
}
