import { property, array, assert, boolean, constantFrom, oneof, string, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { PersistentMap } from './persistent-map.ts';

// "costarring" and "liquor" have the same 32-bit hash, so do "declinate" and "macallums": they share a leaf.
const keys = oneof(constantFrom('costarring', 'liquor', 'declinate', 'macallums'), string({ maxLength: 3 }));

test('it holds what a Map holds after the same changes, and no change touches an older one', () => {
  assert(
    property(array(tuple(keys, boolean(), boolean()), { maxLength: 200 }), (changes) => {
      let map = PersistentMap.of<boolean>();
      const plain = new Map<string, boolean>();
      const older: [PersistentMap<boolean>, [string, boolean][]][] = [];
      for (const [key, keep, value] of changes) {
        older.push([map, [...plain]]);
        map = keep ? map.set(key, value) : map.delete(key);
        if (keep) plain.set(key, value);
        else plain.delete(key);
        expect(map.size).toBe(plain.size);
        expect(map.get(key)).toBe(plain.get(key));
      }
      older.push([map, [...plain]]);
      for (const [one, entries] of older) expect([...one].sort()).toEqual(entries.sort());
    }),
  );
});
