import { DomainError, MillraceError, newEventId } from '#millrace';
import { memorySystem, type MemorySystem } from '#millrace/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { waitingRoom } from '../system.ts';
import { callDecider, CallMissed } from './call.ts';
import { checkInToLimitedQueue } from './check-in-limited.ts';
import { checkInToUnlimitedQueue } from './check-in-unlimited.ts';
import { checkIn } from './john-doe.ts';
import { placeKey, queueSettingsTag } from './names.ts';
import { queueDecider } from './queue.ts';
import { queueStateAfter, queueStateDecider, queueStates, type QueueState } from './queue-state.ts';
import { roomDecider } from './room.ts';
import { upcastCheckInFromV1 } from './upcasts.ts';
import { PatientCheckedIn, QueueConfigured } from './events.ts';
import { visitDecider, type VisitCommand } from './visit.ts';
import { WalkModel } from './walk-model.ts';

type Step =
  | { readonly do: 'check-in'; readonly queue: number; readonly patient: number; readonly name: number }
  | { readonly do: 'configure'; readonly queue: number; readonly limit: number | null }
  | { readonly do: 'queue-state'; readonly queue: number; readonly to: QueueState }
  | { readonly do: 'room'; readonly room: number; readonly active: boolean }
  | { readonly do: 'call'; readonly visit: number; readonly room: number }
  | { readonly do: VisitCommand['type']; readonly visit: number };

const queue = fc.integer({ min: 1, max: 2 });
const visit = fc.integer({ min: 0, max: 11 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('check-in' as const),
      queue,
      patient: fc.integer({ min: 0, max: 4 }),
      name: fc.integer({ min: 0, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      queue,
      limit: fc.option(fc.integer({ min: 1, max: 3 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('queue-state' as const),
      queue,
      // Open most of the time, so that something happens.
      to: fc.constantFrom('OPEN' as const, 'OPEN' as const, ...queueStates),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('room' as const),
      room: fc.integer({ min: 0, max: 2 }),
      active: fc.constantFrom(true, true, false),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('call' as const), visit, room: fc.integer({ min: 0, max: 2 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('start' as const, 'complete' as const, 'no-show' as const, 'cancel' as const),
      visit,
    }),
  },
);

const rooms = ['room-1', 'ROOM-1', 'room-2'];

/** One waiting room in which a walk is made: two processes on one log, and the model beside it. */
class Walk {
  readonly model = new WalkModel();
  readonly #processes: readonly [MemorySystem, MemorySystem];
  readonly #visits: string[] = [];
  #applied = 0;

  constructor() {
    const first = memorySystem(waitingRoom);
    this.#processes = [first, memorySystem(waitingRoom, first.log)];
  }

  /** Takes a step in one of the processes. Resolves with the code of the refusal, undefined when it was done. */
  async take(step: Step, process: 0 | 1): Promise<string | undefined> {
    try {
      await this.#execute(step, this.#processes[process]);
      return undefined;
    } catch (error) {
      if (error instanceof DomainError) return error.code;
      throw error;
    }
  }

  /** What the model says should come of a step. */
  expected(step: Step): string | undefined {
    switch (step.do) {
      case 'check-in':
        return this.model.checkInRefusal(queueId(step), patientKey(step), patientName(step));
      case 'configure':
      case 'queue-state':
        return undefined;
      case 'room':
        return this.model.roomRefusal(roomId(step), step.active);
      case 'call':
        return this.model.callRefusal(this.#visit(step.visit), roomId(step));
      case 'start':
      case 'complete':
      case 'no-show':
      case 'cancel':
        return this.model.stepRefusal(step.do, this.#visit(step.visit));
    }
  }

  /** Applies what was stored since; throws when an invariant is broken. */
  async check(): Promise<void> {
    const events = await this.#processes[0].events();
    for (const event of events.slice(this.#applied)) {
      this.model.apply(event);
      if (event.type === PatientCheckedIn.type) this.#visits.push(event.stream);
    }
    this.#applied = events.length;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }

  async #execute(step: Step, process: MemorySystem): Promise<unknown> {
    switch (step.do) {
      case 'check-in':
        return this.#checkIn(step, process);
      case 'configure':
        return process.execute(queueDecider, { queueId: queueId(step), maxCapacity: step.limit });
      case 'queue-state':
        return process.execute(queueStateDecider, { queueId: queueId(step), to: step.to });
      case 'room':
        return withTurn((turn) =>
          process.execute(roomDecider, { roomId: roomId(step), active: step.active, lastTurn: turn - 1 }),
        );
      case 'call':
        return this.#call(step, process);
      case 'start':
      case 'complete':
      case 'no-show':
        return process.execute(visitDecider, { type: step.do, visitId: this.#visit(step.visit) });
      case 'cancel':
        return process.execute(visitDecider, { type: 'cancel', visitId: this.#visit(step.visit), reason: 'Left.' });
    }
  }

  async #checkIn(step: Extract<Step, { do: 'check-in' }>, process: MemorySystem): Promise<unknown> {
    for (;;) {
      const settings = await process.log.query([{ tags: [queueSettingsTag(queueId(step))] }]);
      const command = checkIn({
        visitId: `visit-${newEventId()}`,
        queueId: queueId(step),
        patientKey: patientKey(step),
        patientName: patientName(step),
        settingsPosition: settings.at(-1)?.position ?? 0,
        queueState: settings.reduce<QueueState>(queueStateAfter, 'OPEN'),
      });
      const limited = settings.some(({ type }) => type === QueueConfigured.type);
      const record = await process.state(checkInToUnlimitedQueue, checkInToUnlimitedQueue.boundary(command));
      const nameOnRecord = command.patientKey === null ? undefined : record.state?.name;
      try {
        if (limited) return await process.execute(checkInToLimitedQueue, { ...command, nameOnRecord });
        return await process.execute(checkInToUnlimitedQueue, command);
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'CONDITION_FAILED') throw error;
      }
    }
  }

  async #call(step: Extract<Step, { do: 'call' }>, process: MemorySystem): Promise<unknown> {
    const visitId = this.#visit(step.visit);
    const queueId = this.model.visits.get(visitId)?.queueId ?? 'none';
    const place = { kind: 'room', id: roomId(step) } as const;
    return withTurn((turn) => process.execute(callDecider, { visitId, queueId, place, turn }));
  }

  #visit(number: number): string {
    return this.#visits[number] ?? 'visit-00000000-0000-7000-8000-000000000000';
  }
}

/** Tries all turns from the first. */
async function withTurn(send: (turn: number) => Promise<unknown>): Promise<unknown> {
  for (let turn = 1; ; turn++) {
    try {
      return await send(turn);
    } catch (error) {
      if (!(error instanceof CallMissed) || error.reason !== 'turn-taken') throw error;
    }
  }
}

const queueId = (step: { readonly queue: number }) => `queue-${step.queue}`;
const roomId = (step: { readonly room: number }) => rooms[step.room] ?? '';
/** Patient 0 is a walk-in. */
const patientKey = (step: { readonly queue: number; readonly patient: number }) =>
  step.patient === 0 ? null : `pseudonym-of-${step.patient}-in-${step.queue}`;
/** Mostly the patient's own name. */
const patientName = (step: { readonly patient: number; readonly name: number }) =>
  step.name === 0 ? 'Somebody Else' : `Patient ${step.patient}`;

describe('a random walk through the waiting room', () => {
  test('does what the plain model says, step by step, and refuses what it refuses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.constantFrom(0 as const, 1 as const)), { maxLength: 60 }),
        async (steps) => {
          const walk = new Walk();
          for (const [step, process] of steps) {
            const expected = walk.expected(step);
            const outcome = await walk.take(step, process);
            await walk.check();
            expect({ step, outcome }).toEqual({ step, outcome: expected });
          }
          await walk.stop();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('keeps capacity, patients and rooms sound when steps of two processes collide', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 2, maxLength: 6 }), { maxLength: 15 }), async (rounds) => {
        const walk = new Walk();
        for (const steps of rounds) {
          await Promise.all(steps.map((step, index) => walk.take(step, index % 2 === 0 ? 0 : 1)));
          await walk.check();
        }
        await walk.stop();
      }),
      { numRuns: 60 },
    );
  });

  test('tells rooms apart without regard to case', () => {
    expect(new Set(rooms.map(placeKey)).size).toBe(2);
  });
});

describe('the upcast of a check-in of version 1', () => {
  test('makes data that fits the schema of today, whatever was typed', () => {
    const uuid = fc.uuid({ version: 7 }).map((id) => `visit-${id}`);
    fc.assert(
      fc.property(uuid, fc.string({ maxLength: 40 }), (visitId, priority) => {
        const old = {
          visitId,
          queueId: 'queue-1',
          patientKey: null,
          patientId: 'p',
          patientName: 'n',
          priority,
          consultationType: 'General',
        };
        expect(PatientCheckedIn.check(upcastCheckInFromV1(old))).toEqual([]);
      }),
    );
  });
});
