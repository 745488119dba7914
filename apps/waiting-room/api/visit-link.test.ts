import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VisitLinks } from './visit-link.ts';

const links = new VisitLinks('a secret');
const visitIds = fc.uuid().map((id) => `visit-${id}`);

describe("a patient's link", () => {
  test('leads to the visit and to nothing else', () => {
    fc.assert(
      fc.property(visitIds, (visitId) => {
        const link = links.linkOf(visitId);
        expect(link).toMatch(/^\/v\/[\w-]{43}$/);
        expect(links.visitOf(link.slice('/v/'.length))).toBe(visitId);
      }),
    );
  });

  test('that is changed in any place leads nowhere', () => {
    fc.assert(
      fc.property(
        visitIds,
        fc.integer({ min: 0, max: 42 }),
        fc.constantFrom('A', 'z', '_'),
        (visitId, place, letter) => {
          const token = links.tokenOf(visitId);
          const changed = `${token.slice(0, place)}${letter}${token.slice(place + 1)}`;
          fc.pre(changed !== token);
          expect(links.visitOf(changed)).toBeUndefined();
        },
      ),
    );
  });

  test('of another secret leads nowhere', () => {
    fc.assert(
      fc.property(visitIds, (visitId) => {
        expect(new VisitLinks('another secret').visitOf(links.tokenOf(visitId))).toBeUndefined();
      }),
    );
  });

  test('may be anything, and is never an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(links.visitOf(text)).toBeUndefined();
      }),
    );
  });
});
