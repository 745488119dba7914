import { dataOf, type RecordedEvent, type RunningSystem } from '#millrace';
import { callOrderOf } from '../domain/call-order.ts';
import { PatientCalled, PatientCheckedIn, VisitCancelled } from '../domain/events.ts';
import { placeKey, type Place } from '../domain/names.ts';

/** A patient who waits, as far as the order of calling needs it. */
export interface Candidate {
  readonly visitId: string;
  readonly callOrder: number;
}

interface Arrival extends Candidate {
  readonly queueId: string;
  readonly position: number;
}

/** Beyond these, the oldest are forgotten; then a call sees them when the read model does. */
const maximumArrivals = 20_000;
const maximumRooms = 10_000;

/**
 * What this process stored and the read model does not show yet: who came, who stopped waiting, and the turn of each
 * room. With it, a patient who checked in a moment ago can be called, and one who was called is not called again only
 * to be refused. It makes calls hit sooner; that they never hit twice is the log's doing.
 */
export class MomentsAgo {
  readonly #system: Pick<RunningSystem, 'log' | 'registry' | 'readModels'>;
  /** By visit, in the order of positions. */
  readonly #arrivals = new Map<string, Arrival>();
  readonly #left = new Map<string, number>();
  readonly #turns = new Map<string, number>();
  readonly #stops: readonly (() => void)[];

  constructor(system: Pick<RunningSystem, 'log' | 'registry' | 'readModels'>) {
    this.#system = system;
    this.#stops = [
      system.log.onAppended((events) => {
        for (const event of events) this.#learn(event);
      }),
      system.log.onIncarnationChanged(() => {
        this.#arrivals.clear();
        this.#left.clear();
        this.#turns.clear();
      }),
      system.readModels.onChanged((position) => this.#forgetUpTo(position)),
    ];
  }

  /** Those who came to a queue and still wait. */
  *arrivals(queueId: string): Iterable<Candidate> {
    for (const arrival of this.#arrivals.values()) {
      if (arrival.queueId === queueId && !this.#left.has(arrival.visitId)) yield arrival;
    }
  }

  /** Whether a visit stopped waiting. */
  hasLeft(visitId: string): boolean {
    return this.#left.has(visitId);
  }

  /** How many left: as many rows of the read model may be out of date. */
  get leftCount(): number {
    return this.#left.size;
  }

  /** The last turn that this process saw the place take. */
  lastTurn(place: Place): number | undefined {
    return this.#turns.get(nameOf(place));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #learn(event: RecordedEvent): void {
    switch (event.type) {
      case PatientCheckedIn.type: {
        const { queueId, priority, arrivedAt } = dataOf(PatientCheckedIn, this.#system.registry.decode(event));
        const { stream: visitId, position } = event;
        this.#arrivals.set(visitId, {
          visitId,
          queueId,
          callOrder: callOrderOf(priority, Date.parse(arrivedAt)),
          position,
        });
        dropOldest(this.#arrivals, maximumArrivals);
        break;
      }
      case PatientCalled.type: {
        const { roomId, turn } = dataOf(PatientCalled, this.#system.registry.decode(event));
        this.#left.set(event.stream, event.position);
        const room = nameOf({ kind: 'room', id: roomId });
        this.#turns.delete(room);
        this.#turns.set(room, turn);
        dropOldest(this.#turns, maximumRooms);
        break;
      }
      case VisitCancelled.type:
        this.#left.set(event.stream, event.position);
        break;
    }
    dropOldest(this.#left, maximumArrivals);
  }

  #forgetUpTo(position: number): void {
    for (const [visitId, arrival] of this.#arrivals) {
      if (arrival.position > position) break;
      this.#arrivals.delete(visitId);
    }
    for (const [visitId, leftAt] of this.#left) {
      if (leftAt > position) break;
      this.#left.delete(visitId);
    }
  }
}

const nameOf = ({ kind, id }: Place): string => `${kind} ${placeKey(id)}`;

function dropOldest(map: Map<string, unknown>, maximum: number): void {
  if (map.size <= maximum) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
