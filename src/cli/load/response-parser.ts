/** One answer as it came over a connection. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** The server closes the connection behind this answer. */
  readonly closes: boolean;
}

const headEnd = Buffer.from('\r\n\r\n');
const empty = Buffer.alloc(0);

/**
 * Takes HTTP/1.1 answers out of the bytes of one connection. It knows what a JSON API sends: bodies with a length or
 * in chunks. node:http does the same at several times the cost, and the load generator shares the machine with the
 * server it measures.
 */
export class ResponseParser {
  #pending: Buffer = empty;

  /** The answers that are complete with these bytes. Throws when the bytes are not HTTP/1.1. */
  feed(bytes: Buffer): HttpAnswer[] {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const answers: HttpAnswer[] = [];
    for (;;) {
      const taken = takeAnswer(this.#pending);
      if (taken === undefined) return answers;
      this.#pending = this.#pending.subarray(taken.length);
      if (taken.answer) answers.push(taken.answer);
    }
  }
}

function takeAnswer(bytes: Buffer): { length: number; answer: HttpAnswer | undefined } | undefined {
  const end = bytes.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end).toLowerCase();
  const status = Number(/^http\/1\.1 (\d{3})/.exec(head)?.[1]);
  if (Number.isNaN(status)) throw new Error('The server does not speak HTTP/1.1.');
  const bodyStart = end + headEnd.length;
  if (status < 200) return { length: bodyStart, answer: undefined };

  const closes = /\r\nconnection:[^\r]*close/.test(head);
  const body = /\r\ntransfer-encoding:[^\r]*chunked/.test(head)
    ? takeChunks(bytes, bodyStart)
    : takeLength(bytes, bodyStart, Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0));
  return body && { length: body.end, answer: { status, body: body.text, closes } };
}

interface Body {
  readonly text: string;
  readonly end: number;
}

function takeLength(bytes: Buffer, start: number, length: number): Body | undefined {
  const end = start + length;
  return bytes.length < end ? undefined : { text: bytes.toString('utf8', start, end), end };
}

function takeChunks(bytes: Buffer, start: number): Body | undefined {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('The server sent a chunk without a size.');
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return { text: Buffer.concat(parts).toString('utf8'), end: next };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
