import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PatientCheckedIn, QueueConfigured, visitEvents } from '../domain/events.ts';
import { placeKey } from '../domain/names.ts';
import {
  upcastCheckInFromV1,
  upcastCheckInFromV2,
  upcastCheckInFromV3,
  upcastQueueConfiguredFromV1,
  upcastQueueConfiguredFromV2,
} from '../domain/upcasts.ts';
import { Walk } from './walk.ts';
import { rooms, step } from './walk-steps.ts';

// Many steps, and machines on which the other tests run as well.
describe('a random walk through the waiting room', { timeout: 60_000 }, () => {
  test('does what the plain model says, step by step, and refuses what it refuses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.constantFrom(0 as const, 1 as const)), { maxLength: 90, size: 'max' }),
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
      { numRuns: 150 },
    );
  });

  test('keeps capacity, patients, rooms and desks sound when steps of two processes collide', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 2, maxLength: 6 }), { maxLength: 20, size: 'max' }),
        async (rounds) => {
          const walk = new Walk();
          for (const steps of rounds) {
            await Promise.all(steps.map((step, index) => walk.take(step, index % 2 === 0 ? 0 : 1)));
            await walk.check();
          }
          await walk.stop();
        },
      ),
      { numRuns: 80 },
    );
  });

  test('comes through every event of a visit', async () => {
    const seen = new Set<string>();
    const walks = fc.sample(fc.array(step, { minLength: 200, maxLength: 200 }), { numRuns: 120, seed: 7 });
    for (const steps of walks) {
      const walk = new Walk();
      for (const step of steps) await walk.take(step, 0).then(() => walk.check());
      for (const type of walk.eventTypes) seen.add(type);
      await walk.stop();
    }
    expect([...seen].toSorted()).toEqual(expect.arrayContaining(visitEvents.map(({ type }) => type).toSorted()));
  });

  test('tells rooms apart without regard to case', () => {
    expect(new Set(rooms.map(placeKey)).size).toBe(2);
  });
});

describe('an upcast makes data that fits the schema of today', () => {
  const uuid = fc.uuid({ version: 7 }).map((id) => `visit-${id}`);

  test('of a check-in of version 1, whatever was typed for a priority', () => {
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
        expect(PatientCheckedIn.check(upcastCheckInFromV3(upcastCheckInFromV2(upcastCheckInFromV1(old))))).toEqual([]);
      }),
    );
  });

  test('of the settings of version 1', () => {
    const old = { queueId: 'q', queueName: 'Q', maxCapacity: null, configuredAt: '2026-01-01T00:00:00.000Z' };
    expect(QueueConfigured.check(upcastQueueConfiguredFromV2(upcastQueueConfiguredFromV1(old)))).toEqual([]);
  });
});
