import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Memory of this process in bytes, behind a forced collection. */
export interface Memory {
  readonly heap: number;
  readonly resident: number;
}

/** Collects what nobody holds any more, and says what is left. */
export function collectedMemory(): Memory {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('this Node has no way to force a collection');
  Reflect.apply(collect, undefined, []);
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}
