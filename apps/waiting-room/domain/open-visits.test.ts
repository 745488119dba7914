import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OpenVisits } from './open-visits.ts';

it('open visits are a map that never changes: any sequence of changes gives what a plain map gives', () => {
  const change = fc.tuple(fc.integer({ min: 0, max: 900 }), fc.constantFrom(true, false, undefined));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3000, size: 'max' }), (changes) => {
      const plain = new Map<string, boolean>();
      let open = OpenVisits.none;
      for (const [number, waits] of changes) {
        const key = `visit-${number}`;
        const before = open.get(key);
        const next = open.with(key, waits);
        expect(open.get(key)).toBe(before);
        open = next;
        if (waits === undefined) plain.delete(key);
        else plain.set(key, waits);
      }
      expect(new Map(open.entries())).toEqual(plain);
      expect(open.waiting).toBe([...plain.values()].filter(Boolean).length);
      expect(OpenVisits.of(open.entries()).waiting).toBe(open.waiting);
    }),
    { numRuns: 30 },
  );
}, 60_000);
