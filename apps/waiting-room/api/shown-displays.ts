import { readFileSync } from 'node:fs';
import type { RunningSystem } from '#millrace';
import { isoOf } from './lists.ts';

const sql = (name: string) => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
const callsSql = sql('public-calls.sql');
const nextSql = sql('public-next.sql');

/** What was read is good for others so long, in milliseconds: what a display shows depends on the time as well. */
const sharedForMs = 1_000;

interface CallRow {
  readonly callId: string;
  readonly ticket: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly calledAt: Date | null;
  readonly calls: number;
}

/** What the display of a site shows: who is called where, and which tickets come next. */
export type ShownDisplay = Awaited<ReturnType<typeof read>>;

/** All displays of a site ask at the same moment, when its line has changed: one reads for all. */
export class ShownDisplays {
  readonly #readModels: RunningSystem['readModels'];
  readonly #newest = new Map<
    string,
    { readonly position: number; readonly readAt: number; readonly shown: Promise<ShownDisplay> }
  >();

  constructor(readModels: RunningSystem['readModels']) {
    this.#readModels = readModels;
  }

  /** As of a position of the read models, or of a later one. */
  at(siteId: string, position: number): Promise<ShownDisplay> {
    const newest = this.#newest.get(siteId);
    if (newest !== undefined && newest.position >= position && performance.now() - newest.readAt < sharedForMs)
      return newest.shown;
    const shown = read(this.#readModels, siteId);
    const entry = { position, readAt: performance.now(), shown };
    this.#newest.set(siteId, entry);
    // A failure is of those who asked; the next one reads again.
    shown.catch(() => {
      if (this.#newest.get(siteId) === entry) this.#newest.delete(siteId);
    });
    return shown;
  }
}

async function read(readModels: RunningSystem['readModels'], siteId: string) {
  const [calls, next] = await Promise.all([
    readModels.query<CallRow>(callsSql, [siteId]),
    readModels.query<{ ticket: string }>(nextSql, [siteId]),
  ]);
  return {
    next,
    calls: calls.map(({ callId, ticket, kind, name, status, calledAt, calls: count }) => ({
      ...{ callId, ticket, destination: { kind, name }, status, calledAt: isoOf(calledAt), calls: count },
    })),
  };
}
