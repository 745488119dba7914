import type { RunningSystem } from '#millrace';
import { CallMissed, type CallPatient } from '../domain/call.ts';
import { roomKey } from '../domain/names.ts';
import type { Candidate, MomentsAgo } from './moments-ago.ts';

/** Rows of the read model that are looked at for one call, besides those known to be out of date. */
const lookahead = 8;

/**
 * Finds whom to call. Candidates come from the read model and from what this process did a moment ago; the decision is
 * made on the log (domain/call.ts). Whoever loses the race for a patient goes on to the next one.
 */
export class CallDesk {
  readonly #readModels: Pick<RunningSystem['readModels'], 'query'>;
  readonly #momentsAgo: Pick<MomentsAgo, 'arrivals' | 'hasLeft' | 'leftCount' | 'lastTurn'>;
  /** Visits that a call of this process is under way for: the next call takes somebody else. */
  readonly #claimed = new Set<string>();

  constructor(
    readModels: Pick<RunningSystem['readModels'], 'query'>,
    momentsAgo: Pick<MomentsAgo, 'arrivals' | 'hasLeft' | 'leftCount' | 'lastTurn'>,
  ) {
    this.#readModels = readModels;
    this.#momentsAgo = momentsAgo;
  }

  /** Calls one visit. `send` executes the command; it may run several times, and takes effect once. */
  async call<Answer>(
    visitId: string,
    roomId: string,
    send: (command: CallPatient) => Promise<Answer>,
  ): Promise<Answer> {
    let turn = await this.#nextTurn(roomId);
    for (;;) {
      try {
        return await send({ visitId, roomId, turn });
      } catch (error) {
        turn = anotherTurn(error, turn);
      }
    }
  }

  /**
   * Calls who is next in a queue: the most urgent, then who came first. Resolves with undefined when nobody waits.
   * Never waits for another call.
   */
  async callNext<Answer>(
    queueId: string,
    roomId: string,
    send: (command: CallPatient) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    let turn = await this.#nextTurn(roomId);
    const gone = new Set<string>();
    for (;;) {
      const visitId = await this.#claim(queueId, gone);
      if (visitId === undefined) return undefined;
      try {
        return await send({ visitId, roomId, turn, anyPatient: true });
      } catch (error) {
        if (error instanceof CallMissed && error.reason === 'visit-gone') gone.add(visitId);
        else turn = anotherTurn(error, turn);
      } finally {
        this.#claimed.delete(visitId);
      }
    }
  }

  async #claim(queueId: string, gone: ReadonlySet<string>): Promise<string | undefined> {
    const limit = lookahead + gone.size + this.#claimed.size + this.#momentsAgo.leftCount;
    const rows = await this.#readModels.query<{ visit_id: string; priority_rank: number; arrived_ms: number }>(
      `select visit_id, priority_rank, (extract(epoch from arrived_at) * 1000)::float8 as arrived_ms from visits_view
       where queue_id = $1 and status = 'WAITING' order by priority_rank, arrived_at, visit_id limit $2`,
      [queueId, limit],
    );
    // From here on nothing is awaited, so two calls of this process never pick the same patient.
    let first: Candidate | undefined;
    const consider = (candidate: Candidate) => {
      const { visitId } = candidate;
      if (gone.has(visitId) || this.#claimed.has(visitId) || this.#momentsAgo.hasLeft(visitId)) return;
      if (first === undefined || goesBefore(candidate, first)) first = candidate;
    };
    for (const row of rows) consider({ visitId: row.visit_id, rank: row.priority_rank, arrivedAt: row.arrived_ms });
    for (const arrival of this.#momentsAgo.arrivals(queueId)) consider(arrival);
    if (first === undefined) return undefined;
    this.#claimed.add(first.visitId);
    return first.visitId;
  }

  async #nextTurn(roomId: string): Promise<number> {
    const known = this.#momentsAgo.lastTurn(roomId);
    if (known !== undefined) return known + 1;
    const [room] = await this.#readModels.query<{ room_turn: number }>(
      'select room_turn from rooms_view where room_key = $1',
      [roomKey(roomId)],
    );
    return (room?.room_turn ?? 0) + 1;
  }
}

/** The turn to try instead. Throws the error when it was about something else. */
function anotherTurn(error: unknown, turn: number): number {
  if (error instanceof CallMissed && error.reason === 'turn-taken') return turn + 1;
  if (error instanceof CallMissed && error.reason === 'turn-unknown') return turn - 1;
  throw error;
}

function goesBefore(a: Candidate, b: Candidate): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.arrivedAt === b.arrivedAt ? a.visitId < b.visitId : a.arrivedAt < b.arrivedAt;
}
