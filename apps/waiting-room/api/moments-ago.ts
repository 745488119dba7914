import type { RecordedEvent, RunningSystem } from '#millrace';
import { callOrderOf } from '../domain/call-order.ts';
import { seatIn } from '../domain/event-shapes.ts';
import { visitEventOf } from '../domain/events.ts';
import { placeKey, type Place } from '../domain/names.ts';
import { lineOf, statusAfter, type VisitStatus, type WaitingStatus } from '../domain/status.ts';

/** A patient who waits, as far as the order of calling needs it. */
export interface Candidate {
  readonly visitId: string;
  readonly callOrder: number;
}

/** Where a visit stands; who stands in no line has no order. */
interface Standing extends Candidate {
  readonly queueId: string;
  readonly status: VisitStatus;
  readonly position: number;
  /** The read model has no row of it yet. */
  readonly isNew: boolean;
}

/** The part of a running system that tells what happened. */
export interface Happenings {
  readonly log: Pick<RunningSystem['log'], 'onAppended' | 'onIncarnationChanged'>;
  readonly registry: Pick<RunningSystem['registry'], 'decodeData'>;
  readonly readModels: Pick<RunningSystem['readModels'], 'onChanged'>;
}

/** Beyond these, the oldest are forgotten; then a call sees them when the read model does. */
const maximumVisits = 40_000;
const maximumPlaces = 10_000;

/**
 * What this process stored and the read model does not show yet: who came into a line, who left it, and the turn of
 * each room and desk. With it, a patient who checked in a moment ago can be called, and one who was called is not
 * called again only to be refused. It makes calls hit sooner; that they never hit twice is the log's doing.
 */
export class MomentsAgo {
  readonly #registry: Happenings['registry'];
  /** By visit, in the order of positions. */
  readonly #visits = new Map<string, Standing>();
  readonly #turns = new Map<string, number>();
  readonly #stops: readonly (() => void)[];
  #changed = 0;

  constructor(system: Happenings) {
    this.#registry = system.registry;
    this.#stops = [
      system.log.onAppended((events) => {
        for (const event of events) this.#learn(event);
      }),
      system.log.onIncarnationChanged(() => {
        this.#visits.clear();
        this.#turns.clear();
        this.#changed = 0;
      }),
      system.readModels.onChanged((position) => this.#forgetUpTo(position)),
    ];
  }

  /** Those who came into a line of a queue and still stand there. */
  *arrivals(queueId: string, status: WaitingStatus): Iterable<Candidate> {
    for (const visit of this.#visits.values()) {
      if (visit.queueId === queueId && visit.status === status) yield visit;
    }
  }

  /** Whether a visit is in that line of that queue no longer, whatever the read model says. */
  hasLeft(visitId: string, queueId: string, status: WaitingStatus): boolean {
    const visit = this.#visits.get(visitId);
    return visit !== undefined && (visit.queueId !== queueId || visit.status !== status);
  }

  /** As many rows of the read model may be out of date. */
  get changedCount(): number {
    return this.#changed;
  }

  /** The last turn that this process saw the place take. */
  lastTurn(place: Place): number | undefined {
    return this.#turns.get(nameOf(place));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #learn(recorded: RecordedEvent): void {
    const event = visitEventOf(this.#registry.decodeData(recorded));
    if (event === undefined) return;
    const line = lineOf(event);
    const status = statusAfter(event);
    const { visitId, queueId } = event.data;
    if (status !== undefined) {
      this.#forget(visitId);
      const callOrder = line === undefined ? 0 : callOrderOf(line.priority, Date.parse(line.placeAt));
      const isNew = recorded.version === 1;
      this.#visits.set(visitId, { visitId, queueId, status, callOrder, position: recorded.position, isNew });
      if (!isNew) this.#changed += 1;
      if (this.#visits.size > maximumVisits) this.#forget(oldest(this.#visits));
    }
    // What frees a place names its turn as well.
    const seat = seatIn(event.data);
    if (seat === undefined) return;
    const place = nameOf(seat.place);
    const turn = Math.max(seat.turn, this.#turns.get(place) ?? 0);
    this.#turns.delete(place);
    this.#turns.set(place, turn);
    if (this.#turns.size > maximumPlaces) this.#turns.delete(oldest(this.#turns));
  }

  #forgetUpTo(position: number): void {
    for (const [visitId, visit] of this.#visits) {
      if (visit.position > position) break;
      this.#forget(visitId);
    }
  }

  #forget(visitId: string): void {
    if (this.#visits.get(visitId)?.isNew === false) this.#changed -= 1;
    this.#visits.delete(visitId);
  }
}

const nameOf = ({ kind, id }: Place): string => `${kind} ${placeKey(id)}`;

function oldest(map: ReadonlyMap<string, unknown>): string {
  const [first] = map.keys();
  return first ?? '';
}
