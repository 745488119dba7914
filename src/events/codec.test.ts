import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { EventRegistry, maximumPayload } from './codec.ts';
import { defineEvent } from './definition.ts';

const Written = defineEvent('Written', {
  schema: Type.Object({ text: Type.String() }),
  tags: (data) => (data.text.startsWith('#') ? ['marked'] : []),
});
const registry = new EventRegistry('books', [Written]);
const around = '{"text":""}'.length;

describe('encoding an event', () => {
  test.each([
    ['letters of one byte', 'x', 1],
    ['letters of three bytes', '€', 3],
  ])('takes 256 KiB of UTF-8 and not a byte more: %s', (_what, letter, bytes) => {
    const fits = letter.repeat(Math.floor((maximumPayload - around) / bytes));
    expect(Buffer.byteLength(registry.encode(Written({ text: fits })).payload)).toBeLessThanOrEqual(maximumPayload);
    expect(() => registry.encode(Written({ text: fits + letter }))).toThrow(
      expect.objectContaining({ code: 'EVENT_TOO_LARGE' }),
    );
  });

  test.each(['\u0000', 'a\u0000b', '\\\u0000', '\\u0000 and \u0000'])('refuses NUL: %j', (text) => {
    expect(() => registry.encode(Written({ text }))).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
  });

  test.each(['\\u0000', '\\\\u0000', 'C:\\u0000', '\ud800', '\u0001'])('takes what only looks like it: %j', (text) => {
    expect(JSON.parse(registry.encode(Written({ text })).payload)).toEqual({ text });
  });

  test('names a tag once that the definition and the caller both give', () => {
    expect(registry.encode(Written({ text: '#' }, { tags: ['marked', 'more'] })).tags).toEqual(['marked', 'more']);
  });

  test('refuses an event without data, and a type that nobody defined', () => {
    const bare = { type: 'Written', data: undefined };
    const bareRegistry = new EventRegistry('books', [defineEvent('Written', { schema: Type.Object({}) })]);
    expect(() => bareRegistry.encode(bare)).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
    expect(() => registry.encode({ type: 'Erased', data: {} })).toThrow(
      expect.objectContaining({ code: 'EVENT_UNKNOWN' }),
    );
  });
});
