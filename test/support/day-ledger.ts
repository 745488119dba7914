/**
 * What a day at the clinic must have come to, told from the events alone. Written apart from the domain and its
 * projections: it knows the names of events and nothing else, so that it does not repeat their mistakes.
 */

/** An event as `GET /api/events/{id}` shows it. */
export interface LoggedEvent {
  readonly position: number;
  readonly type: string;
  readonly aggregateId: string;
  readonly data: unknown;
}

/** A visit as far as the events told it. */
export interface LedgerVisit {
  readonly visitId: string;
  readonly patientId: string;
  readonly ticket: string;
  readonly status: string;
  readonly priority: string;
}

interface Entry {
  visitId: string;
  patientId: string;
  ticket: string;
  status: string;
  priority: string;
  placeAt: string;
  deskCalls: number;
  roomCalls: number;
  place: string | undefined;
  /** The count of calls at the time when somebody who came later was called first. */
  overtakenAt: number | undefined;
}

/** What may follow what, in a day without mishaps. */
const steps: { readonly [type: string]: { readonly from: readonly string[]; readonly to: string } } = {
  TriageRecorded: { from: ['WAITING_TRIAGE'], to: '' },
  PatientCalledAtCashier: { from: ['WAITING_CASHIER'], to: 'AT_CASHIER' },
  PatientPaymentValidated: { from: ['AT_CASHIER'], to: '' },
  PatientCalled: { from: ['WAITING'], to: 'CALLED' },
  ConsultationStarted: { from: ['CALLED'], to: 'IN_CONSULTATION' },
  ConsultationCompleted: { from: ['CALLED', 'IN_CONSULTATION'], to: 'COMPLETED' },
};
const lines: { readonly [stage: string]: string } = {
  TRIAGE: 'WAITING_TRIAGE',
  CASHIER: 'WAITING_CASHIER',
  CONSULTATION: 'WAITING',
};

const ranks = ['Urgent', 'High', 'Medium', 'Low'];

/** Folds a day event by event and notes whatever is not as it must be. */
export class DayLedger {
  readonly problems: string[] = [];
  readonly #visits = new Map<string, Entry>();
  /** Who is in which room or at which desk, and the last turn of it. */
  readonly #seats = new Map<string, { visitId: string | undefined; turn: number }>();
  readonly #shut = new Set<string>();
  /** Calls that may be under way at the same time: so many may go before one who came earlier. */
  readonly #atOnce: number;
  #calls = 0;

  /** `callers`: how many rooms call at the same time. */
  constructor(callers: number) {
    this.#atOnce = callers;
  }

  static of(events: readonly LoggedEvent[], callers: number): DayLedger {
    const ledger = new DayLedger(callers);
    for (const event of events.toSorted((one, other) => one.position - other.position)) ledger.add(event);
    return ledger;
  }

  get visits(): readonly LedgerVisit[] {
    return [...this.#visits.values()];
  }

  /** Who is in a room or at a desk (`room room-1`); undefined for nobody. */
  at(place: string): LedgerVisit | undefined {
    const visitId = this.#seats.get(place)?.visitId;
    return visitId === undefined ? undefined : this.#visits.get(visitId);
  }

  /** How many patients each room and desk has had. */
  get turns(): ReadonlyMap<string, number> {
    return new Map([...this.#seats].map(([place, { turn }]) => [place, turn]));
  }

  /** A line in the order of calling: the urgent first, then by arrival, with 45 minutes more for each rank. */
  line(status: string): readonly LedgerVisit[] {
    const place = ({ priority, placeAt }: Entry): number => {
      const rank = ranks.indexOf(priority);
      return rank === 0 ? Date.parse(placeAt) / 1e6 : Date.parse(placeAt) + rank * 45 * 60_000;
    };
    return [...this.#visits.values()]
      .filter((visit) => visit.status === status)
      .toSorted((one, other) => place(one) - place(other) || (one.visitId < other.visitId ? -1 : 1));
  }

  /** How many visits stand where. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { status } of this.#visits.values()) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  }

  add({ position, type, aggregateId, data }: LoggedEvent): void {
    const said = new Map<string, unknown>(Object.entries(typeof data === 'object' && data !== null ? data : {}));
    const text = (name: string): string => {
      const value = said.get(name);
      return typeof value === 'string' ? value : '';
    };
    const wrong = (problem: string): void => void this.problems.push(`${position} ${type}: ${problem}`);
    if (type === 'RoomActivated') this.#shut.delete(`room ${text('roomId')}`);
    if (type === 'RoomDeactivated') {
      const room = `room ${text('roomId')}`;
      if (this.#seats.get(room)?.visitId !== undefined) wrong(`${room} was shut with a patient in it`);
      this.#shut.add(room);
    }
    if (!aggregateId.startsWith('visit-')) return;
    if (type === 'PatientCheckedIn') {
      this.#checkIn(aggregateId, said, wrong);
      return;
    }
    const visit = this.#visits.get(aggregateId);
    const step = steps[type];
    if (visit === undefined || step === undefined) {
      wrong(visit === undefined ? 'before the check-in' : 'has no place in this day');
      return;
    }
    if (!step.from.includes(visit.status)) wrong(`${visit.ticket} was ${visit.status}`);
    if (type === 'PatientCalled') this.#called(visit, wrong);
    const line = said.get('line');
    if (typeof line === 'object' && line !== null) this.#stand(visit, new Map(Object.entries(line)));
    else visit.status = step.to;
    if (type === 'PatientCalledAtCashier') {
      visit.deskCalls += 1;
      this.#sit(visit, `desk ${text('deskId')}`, said.get('turn'), wrong);
    } else if (type === 'PatientCalled') {
      visit.roomCalls += 1;
      this.#sit(visit, `room ${text('roomId')}`, said.get('turn'), wrong);
    } else if (type === 'PatientPaymentValidated' || type === 'ConsultationCompleted') this.#getUp(visit, wrong);
  }

  /** What is wrong when the day is over: everybody came once, was called once to each place, and went home. */
  atTheEnd(patients: number, { atCashier }: { readonly atCashier: boolean }): readonly string[] {
    const ends: string[] = [];
    const names = new Set([...this.#visits.values()].map(({ patientId }) => patientId));
    if (names.size !== patients || this.#visits.size !== patients) {
      ends.push(`${patients} patients, ${names.size} of them seen, in ${this.#visits.size} visits`);
    }
    const tickets = new Set([...this.#visits.values()].map(({ ticket }) => ticket));
    if (tickets.size !== this.#visits.size) ends.push(`${this.#visits.size} visits with ${tickets.size} tickets`);
    for (const { ticket, status, deskCalls, roomCalls } of this.#visits.values()) {
      if (status !== 'COMPLETED') ends.push(`${ticket} is ${status}`);
      if (roomCalls !== 1) ends.push(`${ticket} was called to ${roomCalls} rooms`);
      if (deskCalls > 1 || (atCashier && deskCalls === 0)) ends.push(`${ticket} was called to ${deskCalls} desks`);
    }
    for (const [place, { visitId }] of this.#seats) if (visitId !== undefined) ends.push(`${place} holds ${visitId}`);
    return [...this.problems, ...ends];
  }

  #checkIn(visitId: string, said: ReadonlyMap<string, unknown>, wrong: (problem: string) => void): void {
    if (this.#visits.has(visitId)) wrong(`${visitId} checked in twice`);
    const path = said.get('path');
    const [first = 'CONSULTATION'] = Array.isArray(path) ? path.map(String) : [];
    this.#visits.set(visitId, {
      visitId,
      patientId: String(said.get('patientId')),
      ticket: String(said.get('ticket')),
      status: lines[first] ?? first,
      priority: String(said.get('priority')),
      placeAt: String(said.get('arrivedAt')),
      ...{ deskCalls: 0, roomCalls: 0, place: undefined, overtakenAt: undefined },
    });
  }

  #stand(visit: Entry, line: ReadonlyMap<string, unknown>): void {
    visit.status = lines[String(line.get('waitsFor'))] ?? 'nowhere';
    visit.priority = String(line.get('priority'));
    visit.placeAt = String(line.get('placeAt'));
  }

  /** Within a priority the earlier goes first, and Urgent before everybody, but for calls at the same moment. */
  #called(visit: Entry, wrong: (problem: string) => void): void {
    this.#calls += 1;
    const { overtakenAt } = visit;
    if (overtakenAt !== undefined && this.#calls - overtakenAt > this.#atOnce) {
      wrong(`${visit.ticket} (${visit.priority}) was overtaken ${this.#calls - overtakenAt} calls ago`);
    }
    for (const other of this.#visits.values()) {
      if (other === visit || other.status !== 'WAITING' || other.overtakenAt !== undefined) continue;
      const isEarlier = other.priority === visit.priority && other.placeAt < visit.placeAt;
      const isUrgent = other.priority === 'Urgent' && visit.priority !== 'Urgent';
      if (isEarlier || isUrgent) other.overtakenAt = this.#calls;
    }
  }

  #sit(visit: Entry, place: string, turn: unknown, wrong: (problem: string) => void): void {
    const seat = this.#seats.get(place) ?? { visitId: undefined, turn: 0 };
    if (seat.visitId !== undefined) wrong(`${place} held ${seat.visitId} when ${visit.visitId} was called`);
    if (turn !== seat.turn + 1) wrong(`${place} went from turn ${seat.turn} to ${String(turn)}`);
    if (this.#shut.has(place)) wrong(`${place} is shut`);
    this.#seats.set(place, { visitId: visit.visitId, turn: seat.turn + 1 });
    visit.place = place;
  }

  #getUp(visit: Entry, wrong: (problem: string) => void): void {
    const seat = visit.place === undefined ? undefined : this.#seats.get(visit.place);
    if (seat?.visitId !== visit.visitId) wrong(`${visit.ticket} left ${String(visit.place)} without being there`);
    else seat.visitId = undefined;
    visit.place = undefined;
  }
}
