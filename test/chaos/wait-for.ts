import { setTimeout as pause } from 'node:timers/promises';

/** Waits until a condition holds, and says what it waited for when it does not in time. Gives the milliseconds it took. */
export async function waitFor(
  what: string,
  condition: () => Promise<boolean>,
  options: { readonly withinMs: number; readonly signal?: AbortSignal },
): Promise<number> {
  const begun = performance.now();
  while (!(await condition())) {
    if (performance.now() - begun > options.withinMs) {
      throw new Error(`Waited ${Math.round(options.withinMs / 1_000)} s in vain: ${what}.`);
    }
    await pause(40, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
  return performance.now() - begun;
}
