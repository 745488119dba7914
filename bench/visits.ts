import {
  ConsultationCompleted,
  ConsultationStarted,
  momentOf,
  PatientCalled,
  PatientCheckedIn,
} from '../apps/waiting-room/domain/events.ts';
import { waitingRoom } from '../apps/waiting-room/system.ts';
import { EventRegistry } from '../src/events/codec.ts';
import { newEventId, type NewEvent } from '../src/index.ts';
import type { EventLog, EventToAppend } from '../src/store/store.ts';
import { checkInCommand } from './check-ins.ts';

const registry = new EventRegistry(waitingRoom.name, waitingRoom.events);
const rooms = 40;

/** The four events of the n-th visit, as the deciders make them. */
function visitEvents(n: number): { readonly stream: string; readonly events: readonly NewEvent[] } {
  const queueId = `queue-${n % 8}`;
  const command = checkInCommand(n, queueId);
  const { visitId, patientKey, patientId, patientName, priority, consultationType, notes, siteId, day, ticket } =
    command;
  const about = { visitId, queueId, patientKey };
  const room = { roomId: `Room ${n % rooms}`, turn: Math.floor(n / rooms) + 1 };
  const now = Date.now();
  const at = (minutes: number): string => momentOf(now + minutes * 60_000);
  return {
    stream: visitId,
    events: [
      PatientCheckedIn({
        ...about,
        patientId,
        patientName,
        priority,
        consultationType,
        notes,
        arrivedAt: at(0),
        path: [],
        siteId,
        day,
        ticket,
      }),
      PatientCalled({ ...about, ...room, answerBy: null, calledAt: at(12) }),
      ConsultationStarted({ ...about, roomId: room.roomId, startedAt: at(13) }),
      ConsultationCompleted({ ...about, ...room, completedAt: at(25) }),
    ],
  };
}

/** How many visits are on at the same time: their events alternate in the log. */
const atOnce = 200;
const eventsAVisit = 4;

/**
 * Loads visits through the log's own append: large requests, several on their way at once. Returns what it took. Visits
 * overlap, so that the events of one do not stand side by side in the log.
 */
export async function loadVisits(
  log: EventLog,
  events: number,
  progress: (loaded: number) => void,
): Promise<{ readonly seconds: number; readonly events: number }> {
  const start = performance.now();
  const groups = Math.ceil(events / (atOnce * eventsAVisit));
  let loaded = 0;
  const inFlight = new Set<Promise<void>>();
  for (let group = 0; group < groups; group += 1) {
    const visits = Array.from({ length: atOnce }, (_, at) => visitEvents(group * atOnce + at));
    const rows: EventToAppend[] = [];
    for (let step = 0; step < eventsAVisit; step += 1) {
      for (const { stream, events: own } of visits) {
        const event = own[step];
        if (event !== undefined) rows.push(encode(event, stream));
      }
    }
    const sent: Promise<void> = log
      .append({ events: rows, expect: visits.map(({ stream }) => ({ stream, version: 0 })) })
      .then((outcome) => {
        if (outcome.outcome !== 'stored') throw new Error(`loading was answered with ${outcome.outcome}`);
        loaded += rows.length;
        if (Math.floor(loaded / 250_000) > Math.floor((loaded - rows.length) / 250_000)) progress(loaded);
      })
      .finally(() => inFlight.delete(sent));
    inFlight.add(sent);
    if (inFlight.size >= 3) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  return { seconds: (performance.now() - start) / 1000, events: loaded };
}

function encode(event: NewEvent, stream: string): EventToAppend {
  const { type, schemaVersion, tags, payload } = registry.encode(event);
  const id = newEventId();
  const metadata = JSON.stringify({ correlationId: id, actor: 'anonymous' });
  return { id, stream, type, schemaVersion, tags, payload, metadata, occurredAt: Date.now() };
}
