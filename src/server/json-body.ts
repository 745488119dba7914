import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../errors.ts';
import type { MillraceServer } from './route-module.ts';

/**
 * Reads bodies: JSON in UTF-8 and nothing else. An empty body is no body; whether one is needed is the route's matter.
 * Keys that reach an object's prototype are refused.
 */
export function addJsonBody(server: MillraceServer): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    if (!isUtf8(body)) {
      done(new MillraceError('JSON_INVALID', 'The body is not UTF-8.'));
      return;
    }
    // Either calls back or returns a promise by its type; this one calls back.
    void parse(request, body.toString('utf8'), done);
  });
}
