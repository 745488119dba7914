import type { RecordedEvent } from '../../events/envelope.ts';
import type { AppendOutcome } from '../store.ts';
import { plannedVersions } from './append-batch.ts';
import type { Pending } from './waiting-requests.ts';

/** The answer of `millrace_append`; groups count from 1. See append.sql. */
export interface AppendAnswer {
  readonly head: number;
  readonly stale: readonly number[] | null;
  readonly excluded: readonly number[] | null;
  readonly known: readonly number[] | null;
  readonly present: readonly number[] | null;
  readonly versions: readonly string[] | null;
}

/** An outcome, or `present`: an event of the request is in the log already, a look-up tells which. */
export type SortedOutcome = AppendOutcome | { readonly outcome: 'present'; readonly reason: 'version' | 'condition' };

/** Pairs every member with its outcome; the rows of keys are looked up later. */
export function sortAnswer(members: readonly Pending[], answer: AppendAnswer): (readonly [Pending, SortedOutcome])[] {
  let position = answer.head;
  let eventIndex = 0;
  return members.map((pending, index) => {
    const { request } = pending;
    const base = eventIndex;
    eventIndex += request.events.length;
    const refused = refusalOf(answer, index + 1);
    if (refused !== undefined) return [pending, refused] as const;
    const firstPosition = request.events.length === 0 ? position : position + 1;
    const versions = answer.versions === null ? plannedVersions(request) : undefined;
    const events = request.events.map((event, at): RecordedEvent => ({
      id: event.id,
      position: ++position,
      stream: event.stream,
      version: versions?.[at] ?? Number(answer.versions?.[base + at]),
      type: event.type,
      schemaVersion: event.schemaVersion,
      tags: event.tags,
      payload: event.payload,
      metadata: event.metadata,
      occurredAt: event.occurredAt,
    }));
    return [pending, { outcome: 'stored', firstPosition, events }] as const;
  });
}

function refusalOf(answer: AppendAnswer, group: number): SortedOutcome | undefined {
  const known = answer.known?.includes(group) === true;
  const stale = answer.stale?.includes(group) === true;
  if (!known && !stale && answer.excluded?.includes(group) !== true) return undefined;
  const reason = stale ? 'version' : 'condition';
  if (answer.present?.includes(group) === true) return { outcome: 'present', reason };
  return known ? { outcome: 'key-exists', stored: [] } : { outcome: 'conflict', reason };
}
