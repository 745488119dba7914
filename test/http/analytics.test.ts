import { Type } from 'typebox';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { checkInAnswer, visitAnswer } from '../../apps/waiting-room/api/schemas.ts';
import { WaitingRoomProcesses } from '../support/waiting-room-processes.ts';

let clinic: WaitingRoomProcesses;
beforeAll(async () => {
  clinic = await WaitingRoomProcesses.start();
});
afterAll(() => clinic.stop());

const span = Type.Object({
  p50Ms: Type.Union([Type.Number(), Type.Null()]),
  p90Ms: Type.Union([Type.Number(), Type.Null()]),
});
const summary = {
  arrivals: Type.Integer(),
  called: Type.Integer(),
  noShows: Type.Integer(),
  noShowRate: Type.Union([Type.Number(), Type.Null()]),
  waiting: span,
  service: span,
};
const answer = Type.Object({
  all: Type.Object(summary),
  byHour: Type.Array(Type.Object({ hour: Type.String(), ...summary })),
  byPriority: Type.Array(Type.Object({ priority: Type.String(), ...summary })),
  byConsultationType: Type.Array(Type.Object({ consultationType: Type.String(), ...summary })),
});
const asked = (query: string) => clinic.answer(answer, `/api/waiting-room/analytics/summary?${query}`);

test('the analytics tell waiting and service times and no-shows: over all, by hour, priority and kind', async () => {
  const arrive = (priority: string, consultationType: string) =>
    clinic.answer(checkInAnswer, '/api/waiting-room/check-in', {
      body: { queueId: 'figures', patientName: 'Ana Diaz', priority, consultationType },
    });
  const step = (path: string, body: object) => clinic.answer(visitAnswer, `/api/waiting-room/${path}`, { body });
  const treated = await arrive('High', 'Cardiology');
  const absent = await arrive('Low', 'General');
  await arrive('Low', 'General');
  await step('call-patient', { visitId: treated.visitId, roomId: 'f-1' });
  await step('start-consultation', { visitId: treated.visitId });
  await step('complete-attention', { visitId: treated.visitId });
  await step('call-patient', { visitId: absent.visitId, roomId: 'f-1' });
  await step('no-show', { visitId: absent.visitId });

  await vi.waitFor(async () => expect((await asked('queueId=figures')).all.noShows).toBe(1), { timeout: 15_000 });
  const { all, byHour, byPriority, byConsultationType } = await asked('queueId=figures&siteId=main');
  expect(all).toMatchObject({ arrivals: 3, called: 2, noShows: 1, noShowRate: 0.5 });
  expect(all.waiting.p50Ms).toBeGreaterThanOrEqual(0);
  expect(all.service.p90Ms).toBeGreaterThanOrEqual(0);
  expect(byHour.reduce((sum, { arrivals }) => sum + arrivals, 0)).toBe(3);
  expect(byHour[0]?.hour).toMatch(/:00:00\.000Z$/);
  expect(byPriority).toMatchObject([
    { priority: 'High', arrivals: 1, noShowRate: 0 },
    { priority: 'Low', arrivals: 2, noShows: 1, noShowRate: 1 },
  ]);
  expect(byConsultationType.map(({ consultationType }) => consultationType)).toEqual(['Cardiology', 'General']);
  expect((await asked('queueId=figures&siteId=north')).all).toMatchObject({ arrivals: 0, noShowRate: null });
});
