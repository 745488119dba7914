import { newEventId } from '#millrace';
import { memorySystem, type MemorySystem } from '#millrace/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callDecider, type CallPatient } from '../domain/call.ts';
import { checkInToUnlimitedQueue } from '../domain/check-in-unlimited.ts';
import { checkIn } from '../domain/john-doe.ts';
import type { Place } from '../domain/names.ts';
import type { Priority } from '../domain/priority.ts';
import { visitDecider, type VisitCommand } from '../domain/visit-decider.ts';
import { waitingRoom } from '../system.ts';
import { CallDesk } from './call-desk.ts';
import { MomentsAgo } from './moments-ago.ts';

let tickets = 100;

const room: Place = { kind: 'room', id: 'room-1' };
const desk: Place = { kind: 'desk', id: 'desk-1' };
const stages = { triage: true, cashier: true };

let system: MemorySystem;
let momentsAgo: MomentsAgo;
let calls: CallDesk;
let readModelReached: (position: number) => void = () => undefined;
/** What the read model answers to a question for candidates. */
let rows: { visit_id: string; call_order: number }[];
/** Happens while the read model answers. */
let meanwhile: () => void;

beforeEach(() => {
  system = memorySystem(waitingRoom);
  rows = [];
  meanwhile = () => undefined;
  momentsAgo = new MomentsAgo({
    log: system.log,
    registry: system.registry,
    readModels: {
      onChanged(listener) {
        readModelReached = listener;
        return () => undefined;
      },
    },
  });
  const query: ConstructorParameters<typeof CallDesk>[0]['query'] = (text) => {
    if (!text.includes('call_order')) return Promise.resolve([]);
    meanwhile();
    return Promise.resolve(rows as never[]);
  };
  calls = new CallDesk({ query }, momentsAgo);
});
afterEach(async () => {
  momentsAgo.stop();
  await system.stop();
});

async function arrive(priority: Priority, more: object = {}): Promise<string> {
  const visitId = `visit-${newEventId()}`;
  await system.execute(
    checkInToUnlimitedQueue,
    checkIn({ visitId, ticket: `Q1-${++tickets}`, patientKey: null, priority, ...more }),
  );
  return visitId;
}
const send = async (command: CallPatient): Promise<string> => {
  await system.execute(callDecider, command);
  return command.visitId;
};
const next = (place: Place) => calls.callNext('queue-1', place, send);
const step = (command: VisitCommand) => system.execute(visitDecider, command);

describe('call next, before the read model knows anything', () => {
  test('finds who came a moment ago, the most urgent first', async () => {
    const low = await arrive('Low');
    const high = await arrive('High');
    expect(await next(room)).toBe(high);
    await step({ type: 'complete', visitId: high });
    expect(await next(room)).toBe(low);
    await step({ type: 'complete', visitId: low });
    expect(await next(room)).toBeUndefined();
  });

  test('finds who came a moment ago while the read model learns of them', async () => {
    const visitId = await arrive('Low');
    // It answers from the moment before.
    meanwhile = () => readModelReached(1);
    expect(await next(room)).toBe(visitId);
  });

  test('follows a patient from line to line', async () => {
    const visitId = await arrive('Medium', { stages });
    expect([await next(room), await next(desk)]).toEqual([undefined, undefined]);
    await step({ type: 'record-triage', visitId, priority: 'Low' });
    expect([await next(room), await next(desk)]).toEqual([undefined, visitId]);
    await step({ type: 'validate-payment', visitId });
    expect([await next(desk), await next(room)]).toEqual([undefined, visitId]);
    await step({ type: 'undo-call', visitId });
    expect(await next(room)).toBe(visitId);
  });
});

describe('call next, with a read model that lags', () => {
  test('passes over who was called already', async () => {
    const first = await arrive('High');
    const second = await arrive('Low');
    readModelReached(2);
    rows = [
      { visit_id: first, call_order: 1 },
      { visit_id: second, call_order: 2 },
    ];
    expect(await next(room)).toBe(first);
    expect(await next({ kind: 'room', id: 'room-2' })).toBe(second);
  });

  test('does not meet one after the other whom another process called', async () => {
    const patients: string[] = [];
    for (let n = 0; n < 12; n++) patients.push(await arrive('Medium'));
    readModelReached(12);
    rows = patients.map((visit_id, n) => ({ visit_id, call_order: n }));
    const other = memorySystem(waitingRoom, system.log);
    for (const [n, visitId] of patients.slice(0, 10).entries()) {
      const place = { kind: 'room', id: `other-${n}` } as const;
      // Not by the process that this desk stands in: nothing tells it.
      momentsAgo.stop();
      await other.execute(callDecider, { visitId, queueId: 'queue-1', place, turn: 1 });
    }
    let tries = 0;
    await calls.callNext('queue-1', room, (command) => {
      tries += 1;
      return send(command);
    });
    const last = (await system.events()).at(-1);
    expect({ type: last?.type, called: last?.stream, tries }).toEqual({
      ...{ type: 'PatientCalled', called: patients[10], tries: 2 },
    });
    await other.stop();
  });

  test('gives two calls at the same moment two patients', async () => {
    const patients = [await arrive('High'), await arrive('Low')];
    const rooms = ['room-1', 'room-2'].map((id) => next({ kind: 'room', id }));
    expect(new Set(await Promise.all(rooms))).toEqual(new Set(patients));
  });

  test('finds the turn of a room that others used', async () => {
    for (let n = 0; n < 3; n++) {
      const visitId = await arrive('Medium');
      await system.execute(callDecider, { visitId, queueId: 'queue-1', place: room, turn: n + 1 });
      await step({ type: 'complete', visitId });
    }
    const other = new CallDesk({ query: () => Promise.resolve([]) }, emptyMemory);
    const visitId = await arrive('Medium');
    expect(await other.call({ visitId, queueId: 'queue-1' }, room, send)).toBe(visitId);
  });
});

/** A process that has just started. */
const emptyMemory = {
  arrivals: () => [],
  hasLeft: () => false,
  changedCount: 0,
  lastTurn: () => undefined,
};
