import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject } from 'vitest';

/**
 * Runs around every test file: what a file opened it closes, and property tests have the seed of the run. The hooks of
 * a setup file are the outermost, so this afterAll comes after those of the file.
 */

declare module 'vitest' {
  interface ProvidedContext {
    /** Seed of all property tests of this run; MILLRACE_TEST_SEED sets it. */
    seed: number;
  }
}

/** What keeps a process alive: children, connections, servers, timers. As Node calls them. */
const watched = ['ProcessWrap', 'TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'Timeout'];
const patienceMs = 3_000;

function openThings(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

let before: ReadonlyMap<string, number> = new Map();

beforeAll(async () => {
  before = openThings();
  const { testPath } = expect.getState();
  if (testPath !== undefined && readFileSync(testPath, 'utf8').includes("'fast-check'")) {
    const { configureGlobal } = await import('fast-check');
    configureGlobal({ seed: inject('seed') });
  }
});

afterAll(async () => {
  const end = performance.now() + patienceMs;
  for (;;) {
    const now = openThings();
    const left = watched
      .map((kind) => ({ kind, count: (now.get(kind) ?? 0) - (before.get(kind) ?? 0) }))
      .filter(({ count }) => count > 0);
    if (left.length === 0) return;
    if (performance.now() > end) {
      throw new Error(`This file left open: ${left.map(({ kind, count }) => `${count} ${kind}`).join(', ')}.`);
    }
    await pause(20, undefined, { ref: false });
  }
});
