import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkInAnswer, patientSchema, queueAnswer, visitAnswer } from '../../apps/waiting-room/api/schemas.ts';
import { publicVisits, publicVisitSchema } from '../../apps/waiting-room/api/public-visit.ts';
import { WaitingRoomProcesses } from '../support/waiting-room-processes.ts';

let clinic: WaitingRoomProcesses;
beforeAll(async () => {
  clinic = await WaitingRoomProcesses.start();
});
afterAll(() => clinic.stop());

type Visit = Static<typeof checkInAnswer>;

const secrets = ['Ana Maria Secret', 'P-4711', 'Oncology', 'private note'];
const arrive = (queueId: string, more: object = {}): Promise<Visit> =>
  clinic.answer(checkInAnswer, '/api/waiting-room/check-in', {
    body: {
      queueId,
      patientName: secrets[0],
      consultationType: secrets[2],
      notes: secrets[3],
      ...more,
    },
  });
const call = (queueId: string, roomId: string) =>
  clinic.answer(visitAnswer, '/api/waiting-room/call-next', { body: { queueId, roomId } });
const step = (path: string, visitId: string) =>
  clinic.answer(visitAnswer, `/api/waiting-room/${path}`, { body: { visitId } });
const page = (visit: Visit, minPosition: number) =>
  clinic.answer(publicVisitSchema, `/api/public/visits/${visit.link.slice(3)}?minPosition=${minPosition}`);

const displaySchema = Type.Object({
  siteName: Type.String(),
  calls: Type.Array(
    Type.Object({
      callId: Type.String(),
      ticket: Type.String(),
      destination: Type.Object({ kind: Type.String(), name: Type.String() }),
      status: Type.String(),
      calls: Type.Integer(),
    }),
  ),
  next: Type.Array(Type.Object({ ticket: Type.String() })),
  position: Type.Integer(),
});
const display = (minPosition: number) =>
  clinic.answer(displaySchema, `/api/public/displays/main?minPosition=${minPosition}`);

describe('tickets', () => {
  test('count up from one, by queue', async () => {
    const tickets = [];
    for (let n = 0; n < 3; n++) tickets.push((await arrive('queue-7')).ticket);
    expect(tickets).toEqual(['Q7-001', 'Q7-002', 'Q7-003']);
    await clinic.answer(queueAnswer, '/api/waiting-room/queues/eyes', { method: 'PUT', body: { ticketPrefix: 'A' } });
    expect((await arrive('eyes')).ticket).toBe('A-001');
  });

  test('of a refused check-in go to the next patient', async () => {
    await arrive('queue-8', { patientId: 'P-1' });
    const again = { queueId: 'queue-8', patientName: 'Ana', patientId: 'P-1', consultationType: 'General' };
    expect(await clinic.refusal('/api/waiting-room/check-in', { body: again })).toBe('PATIENT_IDENTITY_CONFLICT');
    expect((await arrive('queue-8')).ticket).toBe('Q8-002');
  });

  test('stay with a patient who is sent to another queue, and every answer shows them', async () => {
    const visit = await arrive('queue-1', { patientId: 'P-9' });
    const body = { visitId: visit.visitId, toQueueId: 'queue-2' };
    const moved = await clinic.answer(visitAnswer, '/api/waiting-room/transfer', { body });
    expect(moved).toMatchObject({ queueId: 'queue-2', ticket: visit.ticket });
    expect(await call('queue-2', 'q2-room')).toMatchObject({ visitId: visit.visitId, ticket: visit.ticket });
  });
});

describe('the public pages', () => {
  test('show a call with ticket and destination, count calls, and let the ended go', async () => {
    const visit = await arrive('show');
    const waiting = await arrive('show');
    await clinic.ask('/api/waiting-room/rooms/show-room', { method: 'PUT', body: { roomName: 'Room 12' } });
    await call('show', 'show-room');
    const { position } = await step('recall', visit.visitId);
    const shown = await display(position);
    const found = shown.calls.find(({ ticket }) => ticket === visit.ticket);
    expect(found).toMatchObject({
      ...{ status: 'CALLED', calls: 2 },
      destination: { kind: 'room', name: 'Room 12' },
    });
    // The same id as in the live rows: that is how a display knows a call again.
    const live = await clinic.system.readModels.query('select call_id from public_calls_view where ticket = $1', [
      visit.ticket,
    ]);
    expect(live).toEqual([{ call_id: found?.callId }]);
    expect(shown.next).toContainEqual({ ticket: waiting.ticket });
    const done = await step('complete-attention', visit.visitId);
    expect((await display(done.position)).calls.map(({ ticket }) => ticket)).not.toContain(visit.ticket);
  });

  test('tell displays at once that somebody has come, and nothing but that', async () => {
    const stop = new AbortController();
    const { body } = await fetch(`${clinic.url}/api/public/stream?siteId=main`, { signal: stop.signal });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const hear = async (what: string): Promise<void> => {
      while (!heard.includes(what)) {
        const chunk = await reader?.read();
        if (chunk === undefined || chunk.done) throw new Error(`The stream ended behind ${heard}`);
        heard += chunk.value;
      }
    };
    await hear('hello');
    heard = '';
    const visit = await arrive('told');
    await hear('"view":"lines"');
    stop.abort();
    const [, told = ''] = /data: (\{.*"view":"lines".*\})/.exec(heard) ?? [];
    const message: unknown = JSON.parse(told);
    const { position } = visit;
    const rows = [{ site_id: 'main', updated_position: position }];
    expect(message).toEqual({ type: 'rows', view: 'lines', position, rows });
    expect((await display(visit.position)).next).toContainEqual({ ticket: visit.ticket });
  });

  test('of one link are open ten times at most, so that nobody takes the room of all others', async () => {
    const visit = await arrive('many');
    const stop = new AbortController();
    const stream = `${clinic.url}/api/public/visits/${visit.link.slice(3)}/stream`;
    for (let n = 0; n < 10; n += 1) expect((await fetch(stream, { signal: stop.signal })).status).toBe(200);
    const refused = await fetch(stream);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'SUBSCRIBERS_FULL' });
    const other = await arrive('many');
    const another = await fetch(`${clinic.url}/api/public/visits/${other.link.slice(3)}/stream`, {
      signal: stop.signal,
    });
    expect(another.status).toBe(200);
    stop.abort();
  });

  test('tell a patient the place, and say why there is no estimate', async () => {
    const first = await arrive('phone', { priority: 'High' });
    const visit = await arrive('phone');
    const before = await page(visit, visit.position);
    expect(before).toMatchObject({ place: 2, ahead: 1, estimate: null, estimateUnknownBecause: 'NO_ROOM_OPEN' });
    const called = await call('phone', 'phone-room');
    expect(called.visitId).toBe(first.visitId);
    const then = await page(visit, called.position);
    expect(then).toMatchObject({ place: 1, ahead: 0, estimate: null, estimateUnknownBecause: 'NO_HISTORY' });
    await step('start-consultation', first.visitId);
    const { position } = await step('complete-attention', first.visitId);
    const last = await page(visit, position);
    expect(last.estimate?.fromMinutes).toBeGreaterThanOrEqual(1);
    expect(last.estimate?.toMinutes).toBeGreaterThan(last.estimate?.fromMinutes ?? 0);
    const own = await call('phone', 'phone-room');
    expect(await page(visit, own.position)).toMatchObject({
      ...{ status: 'CALLED', place: null, estimate: null, estimateUnknownBecause: null },
      destination: { kind: 'room', name: 'phone-room' },
    });
  });

  test('hold no name, no id, no kind of consultation, no name of the queue and no note', async () => {
    const body = { queueName: 'Clinic for tumours' };
    await clinic.answer(queueAnswer, '/api/waiting-room/queues/secret', { method: 'PUT', body });
    const visit = await arrive('secret', { patientId: secrets[1] });
    await arrive('secret');
    const { position } = await call('secret', 'secret-room');
    const token = visit.link.slice(3);
    const paths = [
      `/api/public/displays/main?minPosition=${position}`,
      `/api/public/visits/${token}`,
      '/api/public/sites',
    ];
    for (const path of paths) {
      const { status, json } = await clinic.ask(path);
      expect(status).toBe(200);
      const text = JSON.stringify(json);
      for (const secret of [...secrets, body.queueName, visit.visitId, visit.visitId.slice('visit-'.length)]) {
        expect(text).not.toContain(secret);
      }
    }
    // Who stands at the kiosk chooses among the queues.
    const { json } = await clinic.ask('/api/public/queues?siteId=main');
    expect(JSON.stringify(json)).toContain(body.queueName);
    for (const secret of [...secrets, visit.visitId]) expect(JSON.stringify(json)).not.toContain(secret);
    const rows = await clinic.system.readModels.query('select * from public_calls_view', [], { minPosition: position });
    for (const secret of [...secrets, body.queueName, visit.visitId])
      expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test('answer a made-up, a changed and an unknown link alike', async () => {
    const token = (await arrive('links')).link.slice(3);
    const changed = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const wrong of ['x', changed, token.slice(0, 40), 'A'.repeat(43), `${token}A`]) {
      const path = `/api/public/visits/${wrong}`;
      expect(await clinic.refusal(path, {})).toBe('VISIT_LINK_UNKNOWN');
      expect(await clinic.refusal(`${path}/stream`, {})).toBe('VISIT_LINK_UNKNOWN');
    }
  });

  test('are shown until two days after the end of the visit, and no longer', async () => {
    const visit = await arrive('old');
    const { position } = await step('leave', visit.visitId);
    await page(visit, position);
    const day = 24 * 3_600_000;
    const shown = async (now: number) =>
      (await publicVisits(clinic.system.readModels, [visit.visitId], now)).has(visit.visitId);
    expect([await shown(Date.now() + 1.9 * day), await shown(Date.now() + 2.1 * day)]).toEqual([true, false]);
  });

  test('follow a visit: what changes comes by itself, a call once more as well, and the stream ends with the visit', async () => {
    const visit = await arrive('stream');
    await page(visit, visit.position);
    const response = await fetch(`${clinic.url}/api/public/visits/${visit.link.slice(3)}/stream`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    /** Reads until something was said, or to the end of the stream. */
    const readUntil = async (text: string): Promise<void> => {
      while (!seen.includes(text)) {
        const { value, done = true } = (await reader?.read()) ?? {};
        if (done) return;
        seen += value ?? '';
      }
    };
    await readUntil('"WAITING"');
    await call('stream', 'stream-room');
    await readUntil('"name":"stream-room"');
    await step('recall', visit.visitId);
    await readUntil('"calls":2');
    const { position } = await step('complete-attention', visit.visitId);
    await readUntil('never said');
    const messages = seen.split('\n\n').filter((message) => message.startsWith('data: '));
    const shown = messages.map((message) =>
      Value.Decode(publicVisitSchema, JSON.parse(message.slice('data: '.length))),
    );
    expect(shown.map(({ calls }) => calls)).toEqual([0, 1, 2, 2]);
    expect(shown.map(({ isOver }) => isOver)).toEqual([false, false, false, true]);
    expect(shown.map(({ calledAt }) => calledAt === null)).toEqual([true, false, false, false]);
    expect(shown[2]?.calledAt).not.toBe(shown[1]?.calledAt);
    // Who comes later hears the end, and nothing more.
    await page(visit, position);
    const later = await fetch(`${clinic.url}/api/public/visits/${visit.link.slice(3)}/stream`);
    expect(await later.text()).toMatch(/^data: \{.*"isOver":true.*\}\n\n$/);
  });

  test('do not end for somebody who did not come and may be taken back', async () => {
    const visit = await arrive('absent');
    await call('absent', 'absent-room');
    const { position } = await step('no-show', visit.visitId);
    expect(await page(visit, position)).toMatchObject({ status: 'NO_SHOW', isOver: false });
  });
});

describe('looking somebody up', () => {
  test('finds who looks alike, by name or by id, among those who are here', async () => {
    await arrive('find', { patientName: 'José García López', patientId: 'ID-77' });
    const { position } = await arrive('find', { patientName: 'Lee Park' });
    await clinic.ask(`/api/waiting-room/queues?minPosition=${position}`);
    const find = async (body: object) => {
      const answer = Type.Object({ patients: Type.Array(patientSchema) });
      const { patients } = await clinic.answer(answer, '/api/waiting-room/find-patients', { body });
      return patients.filter(({ queueId }) => queueId === 'find').map(({ patientName }) => patientName);
    };
    expect(await find({ patientName: 'Garcia, Jose' })).toEqual(['José García López']);
    expect(await find({ patientName: 'lee parc', queueId: 'find' })).toEqual(['Lee Park']);
    expect(await find({ patientId: 'id-77' })).toEqual(['José García López']);
    expect(await find({ patientName: 'Nobody Else' })).toEqual([]);
  });

  test('shows what happened to a visit, by whom, and the link', async () => {
    const visit = await arrive('timeline');
    const { position } = await call('timeline', 't-1');
    const answer = Type.Object({
      visit: patientSchema,
      timeline: Type.Array(Type.Object({ type: Type.String(), by: Type.String(), details: Type.Object({}) })),
    });
    const path = `/api/waiting-room/visits/${visit.visitId}`;
    const { timeline } = await clinic.answer(answer, `${path}?minPosition=${position}`);
    expect(timeline).toMatchObject([
      { type: 'PatientCheckedIn' },
      { type: 'PatientCalled', details: { roomId: 't-1' } },
    ]);
    expect(await clinic.answer(Type.Object({ link: Type.String() }), `${path}/link`)).toEqual({ link: visit.link });
  });
});
