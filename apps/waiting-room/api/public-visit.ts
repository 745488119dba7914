import { readFileSync } from 'node:fs';
import { Type, type RunningSystem, type Static } from '#millrace';
import { nullable } from '#millrace/server';
import type { VisitStatus } from '../domain/status.ts';
import { isFinal } from '../domain/transitions.ts';
import { estimateOf } from './estimate.ts';
import { isoOf } from './lists.ts';

const visitsSql = readFileSync(new URL('./public-visits.sql', import.meta.url), 'utf8');

/** So long after its end a visit's page is shown, in milliseconds. */
export const shownAfterEnd = 2 * 24 * 3_600_000;

/**
 * What the page behind a patient's link shows: nothing that says who it is, or what for. A queue may be called after a
 * speciality, so its name is not here.
 */
export const publicVisitSchema = Type.Object({
  ticket: Type.String(),
  siteName: Type.String(),
  status: Type.String(),
  isOver: Type.Boolean({ description: 'Nothing can happen to the visit any more: its stream ends with this.' }),
  place: nullable(Type.Integer({ description: '1 for who is next in the line; null for who does not wait.' })),
  ahead: nullable(Type.Integer({ description: 'Who is called before in the same line.' })),
  estimate: nullable(Type.Object({ fromMinutes: Type.Integer(), toMinutes: Type.Integer() })),
  estimateUnknownBecause: nullable(
    Type.String({ description: 'NO_ROOM_OPEN or NO_HISTORY; null with an estimate, and for who does not wait.' }),
  ),
  destination: nullable(Type.Object({ kind: Type.String(), name: Type.String() })),
  calls: Type.Integer({ description: 'Goes up with each call, so that a call once more is noticed.' }),
  calledAt: nullable(Type.String({ description: 'Of the last call, ISO 8601.' })),
  arrivedAt: Type.String(),
  updatedAt: Type.String({ description: 'When this was worked out, ISO 8601.' }),
  position: Type.Integer(),
});
export type PublicVisit = Static<typeof publicVisitSchema>;

/** The page of a visit, and the queue that moves it. */
export interface VisitPage {
  readonly queueId: string;
  readonly visit: PublicVisit;
}

interface VisitRow {
  readonly visitId: string;
  readonly queueId: string;
  readonly ticket: string;
  readonly siteName: string;
  readonly status: VisitStatus;
  readonly arrivedAt: Date;
  readonly calledAt: Date | null;
  readonly calls: number;
  readonly endedAt: Date | null;
  readonly updatedPosition: number;
  readonly queueState: string;
  readonly place: number | null;
  readonly before: number | null;
  readonly destinationKind: string | null;
  readonly destinationName: string | null;
  readonly openRooms: number;
  readonly medianServiceMs: number | null;
}

/** The public pages of some visits, by visit; those that are unknown or over for long are left out. */
export async function publicVisits(
  readModels: Pick<RunningSystem['readModels'], 'query' | 'position'>,
  visitIds: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, VisitPage>> {
  // First: then the rows are at least as new as the position says.
  const position = await readModels.position();
  const rows = await readModels.query<VisitRow>(visitsSql, [visitIds, new Date(now)]);
  const shown = rows.filter(({ endedAt }) => endedAt === null || now - endedAt.getTime() <= shownAfterEnd);
  return new Map(shown.map((row) => [row.visitId, { queueId: row.queueId, visit: shownVisit(row, now, position) }]));
}

function shownVisit(row: VisitRow, now: number, position: number): PublicVisit {
  const { ticket, siteName, status, calls, place, before, destinationKind, destinationName } = row;
  // Nobody is called from a paused queue, so its rooms are none for who waits there.
  const openRooms = row.queueState === 'PAUSED' ? 0 : row.openRooms;
  const wait =
    before === null
      ? { estimate: null, estimateUnknownBecause: null }
      : estimateOf({ before, medianServiceMs: row.medianServiceMs, openRooms });
  const hasDestination = destinationKind !== null && destinationName !== null;
  return {
    ...{ ticket, siteName, status, isOver: isFinal(status), place, ahead: place === null ? null : place - 1, ...wait },
    destination: hasDestination ? { kind: destinationKind, name: destinationName } : null,
    ...{ calls, calledAt: isoOf(row.calledAt) },
    arrivedAt: row.arrivedAt.toISOString(),
    updatedAt: isoOf(new Date(now)) ?? '',
    position: Math.max(position, row.updatedPosition),
  };
}
