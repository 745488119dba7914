import { DomainError, MillraceError, newEventId, dataOf } from '#millrace';
import { memorySystem, type MemorySystem } from '#millrace/testing';
import { waitingRoom } from '../system.ts';
import { callDecider, CallMissed } from '../domain/call.ts';
import { checkInToLimitedQueue } from '../domain/check-in-limited.ts';
import { checkInToUnlimitedQueue } from '../domain/check-in-unlimited.ts';
import { PatientCheckedIn, QueueConfigured } from '../domain/events.ts';
import { checkIn } from '../domain/john-doe.ts';
import { queueSettingsTag, type Place } from '../domain/names.ts';
import { queueDecider } from '../domain/queue.ts';
import { queueStateAfter, queueStateDecider, type QueueState } from '../domain/queue-state.ts';
import { identifyDecider } from '../domain/identify.ts';
import { returnDecider } from '../domain/return.ts';
import { placeDecider } from '../domain/room.ts';
import { siteDecider } from '../domain/site.ts';
import { noStages } from '../domain/stages.ts';
import { ticketOf } from '../domain/ticket.ts';
import { waitingRoomTimers } from '../domain/timers.ts';
import { transferDecider } from '../domain/transfer.ts';
import { visitDecider, type VisitCommand } from '../domain/visit-decider.ts';
import type { WalkTimer } from './walk-house.ts';
import { WalkModel } from './walk-model.ts';
import { rooms, type BareCommand, type Step } from './walk-steps.ts';

/** One waiting room in which a walk is made: two processes on one log, and the model beside it. */
export class Walk {
  readonly model = new WalkModel();
  /** The types of all events so far. */
  readonly eventTypes = new Set<string>();
  readonly #processes: readonly [MemorySystem, MemorySystem];
  readonly #visits: string[] = [];
  /** Every timer that was ever set, the newest last. */
  readonly #timers: WalkTimer[] = [];
  /** The last ticket number that each process thinks is taken: they know nothing of each other. */
  readonly #numbers: [number, number] = [0, 0];
  #applied = 0;

  constructor() {
    const first = memorySystem(waitingRoom);
    this.#processes = [first, memorySystem(waitingRoom, first.log)];
  }

  /** Takes a step in one of the processes. Resolves with the code of the refusal, undefined when it was done. */
  async take(step: Step, process: 0 | 1): Promise<string | undefined> {
    try {
      await this.#execute(step, process);
      return undefined;
    } catch (error) {
      if (error instanceof DomainError) return error.code;
      throw error;
    }
  }

  /** What the model says should come of a step. */
  expected(step: Step): string | undefined {
    if (step.do === 'configure' || step.do === 'configure-site' || step.do === 'queue-state') return undefined;
    if (step.do === 'timer') {
      const timer = this.#timer(step);
      return timer === undefined ? undefined : this.model.timerRefusal(timer);
    }
    if (step.do === 'identify') {
      const { visitId, patientKey } = this.#identify(step);
      return this.model.identifyRefusal(visitId, patientKey, nameOf(step));
    }
    if (step.do === 'check-in') {
      return this.model.checkInRefusal(queueId(step.queue), keyIn(step.queue, step.patient), nameOf(step));
    }
    if (step.do === 'place') return this.model.placeRefusal(placeOf(step), step.active);
    if (step.do === 'call') return this.model.callRefusal(this.#visit(step.visit), placeOf(step));
    if (step.do === 'transfer') {
      const { visitId, toQueueId, toPatientKey } = this.#transfer(step);
      return this.model.transferRefusal(visitId, toQueueId, toPatientKey);
    }
    return this.model.stepRefusal(step.do, this.#visit(step.visit));
  }

  /** Applies what was stored since; throws when an invariant is broken. */
  async check(): Promise<void> {
    const { log, registry } = this.#processes[0];
    for (const recorded of await log.read({ after: this.#applied })) {
      const event = registry.decode(recorded);
      this.model.apply(event);
      if (event.type === PatientCheckedIn.type) this.#visits.push(event.stream);
      this.eventTypes.add(event.type);
      for (const { id, on } of waitingRoomTimers) {
        const change = on[event.type]?.(event);
        if (change !== undefined && 'set' in change) this.#timers.push({ id, ...change.set });
      }
      this.#applied = event.position;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }

  async #execute(step: Step, number: 0 | 1): Promise<unknown> {
    const process = this.#processes[number];
    if (step.do === 'check-in') return this.#checkIn(step, number);
    if (step.do === 'timer') {
      const timer = this.#timer(step);
      const definition = waitingRoomTimers.find(({ id }) => id === step.id);
      if (timer === undefined) return undefined;
      return definition?.fire({ ...timer, payload: {} }, (decider, command) => process.execute(decider, command));
    }
    if (step.do === 'configure-site') {
      const { siteId, closesAt, opensAt } = step;
      return process.execute(siteDecider, { siteId, closesAt, opensAt, timeZone: 'Europe/Madrid', ownTimeZone: 'UTC' });
    }
    if (step.do === 'identify') return process.execute(identifyDecider, this.#identify(step));
    if (step.do === 'configure') {
      const { limit, triage, cashier } = step;
      const { siteId, callTimeoutMinutes } = step;
      const settings = { queueId: queueId(step.queue), maxCapacity: limit, stages: { triage, cashier } };
      return process.execute(queueDecider, { ...settings, siteId, callTimeoutMinutes });
    }
    if (step.do === 'queue-state') {
      const until = step.to === 'PAUSED' && step.until ? Date.now() + 60_000 : undefined;
      return process.execute(queueStateDecider, { queueId: queueId(step.queue), to: step.to, until });
    }
    if (step.do === 'place') {
      const place = { place: placeOf(step), active: step.active };
      return withTurn((turn) => process.execute(placeDecider, { ...place, lastTurn: turn - 1 }));
    }
    const visitId = this.#visit(step.visit);
    const { queueId: inQueue = 'none', patientKey = null } = this.model.visits.get(visitId) ?? {};
    if (step.do === 'call') {
      const call = { visitId, queueId: inQueue, place: placeOf(step) };
      return withTurn((turn) => process.execute(callDecider, { ...call, turn }));
    }
    if (step.do === 'transfer') return process.execute(transferDecider, this.#transfer(step));
    if (step.do === 'return') return process.execute(returnDecider, { visitId, patientKey, today: '2026-01-01' });
    return process.execute(visitDecider, this.#command(step));
  }

  #command({ do: type, visit, priority }: Extract<Step, { readonly do: BareCommand }>): VisitCommand {
    const visitId = this.#visit(visit);
    if (type === 'record-triage') return { type, visitId, priority };
    if (type === 'change-priority') return { type, visitId, priority, reason: 'Feels worse.' };
    if (type === 'cancel' || type === 'waive-payment') return { type, visitId, reason: 'As agreed.' };
    return { type, visitId };
  }

  #transfer(step: Extract<Step, { readonly do: 'transfer' }>) {
    const visitId = this.#visit(step.visit);
    const visit = this.model.visits.get(visitId);
    const patient = Number(visit?.patientId.slice('patient-'.length) ?? 0);
    return { visitId, toQueueId: queueId(step.queue), toPatientKey: keyIn(step.queue, patient) };
  }

  #timer({ id, back }: Extract<Step, { readonly do: 'timer' }>): WalkTimer | undefined {
    return this.#timers.filter((timer) => timer.id === id).at(-1 - back);
  }

  #identify(step: Extract<Step, { readonly do: 'identify' }>) {
    const visitId = this.#visit(step.visit);
    const inQueue = this.model.visits.get(visitId)?.queueId ?? 'queue-1';
    return {
      ...{ visitId, queueId: inQueue, patientId: `patient-${step.patient}`, patientName: nameOf(step) },
      patientKey: `pseudonym-of-${step.patient}-in-${inQueue.slice('queue-'.length)}`,
    };
  }

  async #checkIn(step: Extract<Step, { readonly do: 'check-in' }>, number: 0 | 1): Promise<unknown> {
    const process = this.#processes[number];
    for (;;) {
      const settings = await process.log.query([{ tags: [queueSettingsTag(queueId(step.queue))] }]);
      const configured = settings.findLast(({ type }) => type === QueueConfigured.type);
      const decoded = configured === undefined ? undefined : process.registry.decode(configured);
      const known = decoded === undefined ? undefined : dataOf(QueueConfigured, decoded);
      const ticket = ticketOf('W', (this.#numbers[number] += 1));
      const command = checkIn({
        // Each process thinks that it saw no check-in before: too often said is never wrong.
        ...{ ticket, siteId: known?.siteId ?? 'main', firstOfDay: true },
        visitId: `visit-${newEventId()}`,
        queueId: queueId(step.queue),
        patientId: `patient-${step.patient}`,
        patientKey: keyIn(step.queue, step.patient),
        patientName: nameOf(step),
        priority: step.priority,
        settingsPosition: settings.at(-1)?.position ?? 0,
        queueState: settings.reduce<QueueState>(queueStateAfter, 'OPEN'),
        stages: known?.stages ?? noStages,
      });
      const record = await process.state(checkInToUnlimitedQueue, checkInToUnlimitedQueue.boundary(command));
      const nameOnRecord = command.patientKey === null ? undefined : record.state?.name;
      try {
        if (configured !== undefined) {
          return await process.execute(checkInToLimitedQueue, { ...command, nameOnRecord });
        }
        return await process.execute(checkInToUnlimitedQueue, command);
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'CONDITION_FAILED') throw error;
      }
    }
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

const queueId = (queue: number): string => `queue-${queue}`;
const roomId = (room: number): string => rooms[room] ?? '';
const placeOf = ({ kind, room }: { readonly kind: Place['kind']; readonly room: number }): Place => ({
  kind,
  id: roomId(room),
});
/** Patient 0 is a walk-in. */
const keyIn = (queue: number, patient: number): string | null =>
  patient === 0 ? null : `pseudonym-of-${patient}-in-${queue}`;
/** Mostly the patient's own name. */
const nameOf = ({ patient, name }: { readonly patient: number; readonly name: number }): string =>
  name === 0 ? 'Somebody Else' : `Patient ${patient}`;
