import type { RunningSystem } from '#millrace';
import { compareCallOrder } from '../domain/call-order.ts';
import { calledFrom, CallMissed, type CallPatient } from '../domain/call.ts';
import { placeKey, type Place } from '../domain/names.ts';
import type { WaitingStatus } from '../domain/status.ts';
import type { Candidate, MomentsAgo } from './moments-ago.ts';

/** Rows of the read model that are looked at for one call, besides those known to be out of date. */
const lookahead = 8;
/** The same where others call as well: as many may have been called elsewhere before the read model shows it. */
const furtherLookahead = 32;
/** After a lost race, others are thought to call from the queue for so long, in milliseconds. */
const sharedFor = 60_000;
/** Queues that are remembered as shared. */
const mostShared = 1_000;

/** The columns are written out so that each finds its index. */
const lastTurnSql = {
  room: 'select room_turn as turn from visits_view where room_key = $1 order by room_turn desc limit 1',
  desk: 'select desk_turn as turn from visits_view where desk_key = $1 order by desk_turn desc limit 1',
} as const;

type ReadModels = Pick<RunningSystem['readModels'], 'query'>;
type Known = Pick<MomentsAgo, 'arrivals' | 'hasLeft' | 'changedCount' | 'lastTurn'>;

/**
 * Finds whom to call. Candidates come from the read model and from what this process did a moment ago; the decision is
 * made on the log (domain/call.ts). Whoever loses the race for a patient goes on to the next one.
 */
export class CallDesk {
  readonly #readModels: ReadModels;
  readonly #momentsAgo: Known;
  /** Visits that a call of this process is under way for: the next call takes somebody else. */
  readonly #claimed = new Set<string>();
  /** Queues that another process calls from as well, until that moment. */
  readonly #shared = new Map<string, number>();

  constructor(readModels: ReadModels, momentsAgo: Known) {
    this.#readModels = readModels;
    this.#momentsAgo = momentsAgo;
  }

  /** Calls one visit. `send` executes the command; it may run several times, and takes effect once. */
  async call<Answer>(
    { visitId, queueId }: { readonly visitId: string; readonly queueId: string },
    place: Place,
    send: (command: CallPatient) => Promise<Answer>,
  ): Promise<Answer> {
    return withTurn((await this.lastTurn(place)) + 1, (turn) => send({ visitId, queueId, place, turn }));
  }

  /**
   * Calls who is next in a queue, in the order of call-order.ts. Resolves with undefined when nobody waits. Never waits
   * for another call.
   */
  async callNext<Answer>(
    queueId: string,
    place: Place,
    send: (command: CallPatient) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    let turn = (await this.lastTurn(place)) + 1;
    const gone = new Set<string>();
    for (;;) {
      const [visitId, ...next] = await this.#claim(queueId, calledFrom[place.kind], gone);
      if (visitId === undefined) return undefined;
      // Nobody else wants the first one, as a rule. Where another process calls as well, the decision gets those behind
      // too: whoever asks for one at a time might lose again and again.
      const orElse = this.#isShared(queueId) ? next : [];
      try {
        return await send({ visitId, queueId, place, turn, anyPatient: true, orElse });
      } catch (error) {
        if (error instanceof CallMissed && error.reason === 'visit-gone') {
          for (const id of [visitId, ...orElse]) gone.add(id);
          this.#share(queueId);
        } else turn = anotherTurn(error, turn);
      } finally {
        this.#claimed.delete(visitId);
      }
    }
  }

  /** The last turn that is known of a place; 0 when it never called. The log may be ahead. */
  async lastTurn(place: Place): Promise<number> {
    const known = this.#momentsAgo.lastTurn(place);
    if (known !== undefined) return known;
    const [last] = await this.#readModels.query<{ turn: number }>(lastTurnSql[place.kind], [placeKey(place.id)]);
    return last?.turn ?? 0;
  }

  #isShared(queueId: string): boolean {
    return performance.now() < (this.#shared.get(queueId) ?? 0);
  }

  #share(queueId: string): void {
    this.#shared.delete(queueId);
    this.#shared.set(queueId, performance.now() + sharedFor);
    const [oldest] = this.#shared.keys();
    if (this.#shared.size > mostShared && oldest !== undefined) this.#shared.delete(oldest);
  }

  /** Who is next, in order. The first of them is kept from the other calls of this process. */
  async #claim(queueId: string, status: WaitingStatus, gone: ReadonlySet<string>): Promise<string[]> {
    const most = this.#isShared(queueId) ? furtherLookahead : lookahead;
    // Who came before the read model is asked: once it shows them they are remembered no longer, which may be while it
    // answers from the moment before.
    const came = [...this.#momentsAgo.arrivals(queueId, status)];
    const limit = most + gone.size + this.#claimed.size + this.#momentsAgo.changedCount;
    const rows = await this.#readModels.query<{ visit_id: string; call_order: number }>(
      // The status is a word of this program, and stands in the text so that the partial index is found.
      `select visit_id, call_order::float8 as call_order from visits_view
       where queue_id = $1 and status = '${status}' order by visits_view.call_order, visit_id limit $2`,
      [queueId, limit],
    );
    // From here on nothing is awaited, so two calls of this process never pick the same patient.
    const candidates = new Map<string, Candidate>();
    const consider = (candidate: Candidate) => {
      const { visitId } = candidate;
      if (gone.has(visitId) || this.#claimed.has(visitId) || this.#momentsAgo.hasLeft(visitId, queueId, status)) return;
      candidates.set(visitId, candidate);
    };
    for (const arrival of came) consider(arrival);
    for (const row of rows) consider({ visitId: row.visit_id, callOrder: row.call_order });
    for (const arrival of this.#momentsAgo.arrivals(queueId, status)) consider(arrival);
    const inOrder = [...candidates.values()].toSorted(compareCallOrder).slice(0, most);
    const [first] = inOrder;
    if (first !== undefined) this.#claimed.add(first.visitId);
    return inOrder.map(({ visitId }) => visitId);
  }
}

/** Tries a turn, and the one beside it when the guess was wrong. */
export async function withTurn<Answer>(guess: number, send: (turn: number) => Promise<Answer>): Promise<Answer> {
  let turn = guess;
  for (;;) {
    try {
      return await send(turn);
    } catch (error) {
      turn = anotherTurn(error, turn);
    }
  }
}

/** The turn to try instead. Throws the error when it was about something else. */
function anotherTurn(error: unknown, turn: number): number {
  if (error instanceof CallMissed && error.reason === 'turn-taken') return turn + 1;
  if (error instanceof CallMissed && error.reason === 'turn-unknown') return turn - 1;
  throw error;
}
