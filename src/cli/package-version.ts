import { readFileSync } from 'node:fs';
import { isObject } from './json-shape.ts';

/** The version of this package, from its package.json. */
export function packageVersion(): string {
  // Two folders up in a clone, one more in dist/.
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const content: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (isObject(content) && content['name'] === 'millrace') return String(content['version']);
    } catch {
      // not there: the next place
    }
  }
  return 'unknown';
}
