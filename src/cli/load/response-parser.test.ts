import { describe, expect, it } from 'vitest';
import { ResponseParser } from './response-parser.ts';

const plain = 'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"position": 7}';
const chunked = 'HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n3\r\n1}\n\r\n0\r\n\r\n';
const closing = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

describe('ResponseParser', () => {
  it('finds the same answers however the bytes are cut', () => {
    const bytes = Buffer.from(plain + chunked + closing);
    for (let size = 1; size <= bytes.length; size += 1) {
      const parser = new ResponseParser();
      const answers = [];
      for (let at = 0; at < bytes.length; at += size) answers.push(...parser.feed(bytes.subarray(at, at + size)));
      expect(answers).toEqual([
        { status: 201, body: '{"position": 7}', closes: false },
        { status: 409, body: '{"a":1}\n', closes: false },
        { status: 503, body: '', closes: true },
      ]);
    }
  });

  it('counts bytes, not letters', () => {
    const body = JSON.stringify({ name: 'Zoë' });
    const bytes = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    expect(new ResponseParser().feed(bytes)).toEqual([{ status: 200, body, closes: false }]);
  });

  it('skips what only announces an answer', () => {
    const bytes = Buffer.from(`HTTP/1.1 100 Continue\r\n\r\n${plain}`);
    expect(new ResponseParser().feed(bytes).map(({ status }) => status)).toEqual([201]);
  });

  it('refuses what is not HTTP', () => {
    expect(() => new ResponseParser().feed(Buffer.from('SSH-2.0-x\r\n\r\n'))).toThrow('HTTP/1.1');
  });
});
