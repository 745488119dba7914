import { MillraceError } from '../errors.ts';
import type { MillraceServer } from './route-module.ts';

/**
 * Bounds the memory that the bodies of unanswered requests take: while the event store is slow they pile up, and the
 * number of commands alone says nothing of their size. A request that does not fit is refused with QUEUE_FULL.
 * @param most bytes of all bodies together
 * @param largest bytes that one body may have; counted for one whose length is not known before
 */
export function addBodyBound(server: MillraceServer, most: number, largest: number): void {
  let held = 0;
  server.addHook('onRequest', (request, reply, done) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    // What is longer than one may be is refused for that, when it is read.
    const size = encoding === undefined ? Math.min(Number(length ?? 0), largest) : largest;
    if (size === 0) {
      done();
      return;
    }
    if (held + size > most) {
      done(new MillraceError('QUEUE_FULL', 'Too much waits inside the process.'));
      return;
    }
    held += size;
    let answered = false;
    const release = () => {
      if (!answered) held -= size;
      answered = true;
    };
    // Whichever comes first: a connection that breaks has no end, and one that is kept has no close yet.
    reply.raw.once('finish', release).once('close', release);
    done();
  });
}
