import type { Decider } from '#millrace';
import {
  checkedIn,
  refuseDuplicate,
  settingsUnchanged,
  ticketUnused,
  type CheckIn,
  type PatientRecord,
} from './check-in.ts';
import { isVisitEvent, type QueueEvent, type VisitEvent } from './events.ts';
import { queueTag } from './names.ts';
import { OpenVisits } from './open-visits.ts';
import { queueStateAfter, refuseEntry, type QueueState } from './queue-state.ts';
import { refuse } from './refusals.ts';
import { noStages, type Stages } from './stages.ts';
import { effectOf, waitingTypes } from './status.ts';

const settingsTypes = ['QueueConfigured', 'QueueOpened', 'QueuePaused', 'QueueClosed'] as const;

export interface Occupancy {
  readonly maxCapacity: number | null;
  readonly state: QueueState;
  readonly stages: Stages;
  /** No names: it is snapshotted. */
  readonly open: OpenVisits;
}

/**
 * Check-in to a queue with a limit. The boundary is the queue, since every arrival counts against the limit: its
 * check-ins are decided one after the other in memory and stored many at a time. A place is held while the patient
 * waits, and free again when the patient is called or gives up. Who waits again after a call, or comes from another
 * queue, is taken in beyond the limit, and counts.
 */
export const checkInToLimitedQueue: Decider<Occupancy, CheckIn, VisitEvent | QueueEvent> = {
  name: 'check-in-limited',
  initial: { maxCapacity: null, state: 'OPEN', stages: noStages, open: OpenVisits.none },
  boundary: (command) => ({
    stream: command.visitId,
    newStream: true,
    reads: [{ tags: [queueTag(command.queueId)], types: [...waitingTypes, ...settingsTypes] }],
    // Site and ticket are the caller's choice, by the settings that the caller knew.
    guards: [settingsUnchanged(command), ticketUnused(command)],
  }),
  evolve(state, event) {
    if (isVisitEvent(event)) return nextOccupancy(state, event);
    if (event.type !== 'QueueConfigured') return { ...state, state: queueStateAfter(state.state, event) };
    return { ...state, maxCapacity: event.data.maxCapacity, stages: event.data.stages };
  },
  decide(state, command, context) {
    refuseEntry(state.state);
    refuseDuplicate(recordOf(state, command), command);
    if (state.maxCapacity !== null && state.open.waiting >= state.maxCapacity) {
      throw refuse('QUEUE_CAPACITY_REACHED', {
        field: 'queueId',
        problem: `holds ${state.maxCapacity} patients at most`,
      });
    }
    return [checkedIn(command, context, state.stages)];
  },
  snapshot: {
    version: 2,
    every: 1000,
    toJson: ({ maxCapacity, state, stages: { triage, cashier }, open }) => [
      ...[maxCapacity, state, triage, cashier],
      ...[...open.entries()].flat(),
    ],
    fromJson(json) {
      // Written by toJson above under the same version: limit, state and stages, then key and waiting in turn.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const [maxCapacity, state, triage, cashier, ...entries] = json as [
        ...[number | null, QueueState, boolean, boolean],
        ...(string | boolean)[],
      ];
      const open: [string, boolean][] = [];
      for (let i = 0; i < entries.length; i += 2) open.push([String(entries[i]), entries[i + 1] === true]);
      return { maxCapacity, state, stages: { triage, cashier }, open: OpenVisits.of(open) };
    },
  },
};

/** Whether the visit is open is known here; the name stands with the patient's earlier visits, looked up by the caller. */
function recordOf({ open }: Occupancy, command: CheckIn): PatientRecord | undefined {
  const isOpen = open.get(keyOf(command)) !== undefined;
  if (!isOpen && command.nameOnRecord === undefined) return undefined;
  return { name: command.nameOnRecord ?? command.patientName, open: isOpen };
}

function keyOf({ patientKey, visitId }: { readonly patientKey: string | null; readonly visitId: string }): string {
  return patientKey ?? visitId;
}

function nextOccupancy(state: Occupancy, event: VisitEvent): Occupancy {
  const effect = effectOf(event);
  if (effect === 'stays') return state;
  if (effect === 'named') {
    // Stood under the visit until now.
    const { visitId } = event.data;
    const open = state.open.with(keyOf(event.data), state.open.get(visitId));
    return { ...state, open: open.with(visitId, undefined) };
  }
  const waiting = effect === 'goes' ? undefined : effect !== 'away';
  return { ...state, open: state.open.with(keyOf(event.data), waiting) };
}
