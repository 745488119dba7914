import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Type } from 'typebox';
import { checkInAnswer, queueAnswer } from '../../apps/waiting-room/api/schemas.ts';
import { WaitingRoomProcesses } from '../support/waiting-room-processes.ts';

let clinic: WaitingRoomProcesses;
beforeAll(async () => {
  clinic = await WaitingRoomProcesses.start();
});
afterAll(() => clinic.stop());

const arrive = async (queueId: string, process: 0 | 1): Promise<string> => {
  const body = { queueId, patientName: 'Ana Diaz', consultationType: 'General' };
  return (await clinic.answer(checkInAnswer, '/api/waiting-room/check-in', { body, process })).ticket;
};
const configure = (queueId: string, body: object) =>
  clinic.answer(queueAnswer, `/api/waiting-room/queues/${queueId}`, { method: 'PUT', body });

/** Racers through both processes at once, as many rounds as asked for. */
async function race(queues: readonly string[], racers: number, rounds: number): Promise<string[]> {
  const tickets: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const taken = Array.from({ length: racers }, (_, n) => arrive(queues[n % queues.length] ?? '', n % 4 < 2 ? 0 : 1));
    tickets.push(...(await Promise.all(taken)));
  }
  return tickets;
}
const unique = (tickets: readonly string[]) => new Set(tickets).size;

describe('a ticket', () => {
  test('is given once, however many take one at once through two processes', { timeout: 60_000 }, async () => {
    const tickets = await race(['race-1'], 16, 25);
    expect(unique(tickets)).toBe(400);
    // Processes leave numbers out when they lose races, and never many.
    const last = Math.max(...tickets.map((ticket) => Number(ticket.split('-')[1])));
    expect(last).toBeLessThan(800);
  });

  test('is given once by two queues of a site that share a prefix', { timeout: 60_000 }, async () => {
    await configure('left', { ticketPrefix: 'X' });
    await configure('right', { ticketPrefix: 'X' });
    const tickets = await race(['left', 'right'], 16, 10);
    expect(unique(tickets)).toBe(160);
    expect(tickets.every((ticket) => ticket.startsWith('X-'))).toBe(true);
  });

  test('is given once in a queue with a limit as well', { timeout: 60_000 }, async () => {
    await configure('limited', { maxCapacity: 500, ticketPrefix: 'L' });
    expect(unique(await race(['limited'], 16, 10))).toBe(160);
  });

  test('goes on where another process stopped, however far that was', { timeout: 60_000 }, async () => {
    for (let n = 0; n < 8; n++) await Promise.all(Array.from({ length: 25 }, () => arrive('far', 0)));
    expect(await arrive('far', 1)).toBe('FAR-201');
    expect(await arrive('far', 0)).toBe('FAR-202');
  });

  test('may be the same at another site', async () => {
    await configure('here', { ticketPrefix: 'S' });
    await configure('there', { ticketPrefix: 'S', siteId: 'north' });
    expect([await arrive('here', 0), await arrive('there', 0)]).toEqual(['S-001', 'S-001']);
    const sites = Type.Object({ sites: Type.Array(Type.Object({ siteId: Type.String(), queues: Type.Integer() })) });
    await vi.waitFor(
      async () => {
        const { sites: found } = await clinic.answer(sites, '/api/waiting-room/sites');
        expect(found.map(({ siteId }) => siteId)).toEqual(expect.arrayContaining(['main', 'north']));
      },
      { timeout: 15_000, interval: 50 },
    );
  });
});
