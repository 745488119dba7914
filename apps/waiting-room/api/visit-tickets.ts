import { dataOf, type RecordedEvent, type RunningSystem } from '#millrace';
import { PatientCheckedIn } from '../domain/events.ts';
import { visitNow } from './visit-now.ts';

type System = Pick<RunningSystem, 'log' | 'registry' | 'state'>;

/** Beyond these, the oldest are forgotten and looked up in the log. */
const mostInMemory = 40_000;

/** The ticket of each visit, which no event but the check-in holds: what this process saw, and otherwise the log. */
export class VisitTickets {
  readonly #system: System;
  readonly #tickets = new Map<string, string>();
  readonly #stops: readonly (() => void)[];

  constructor(system: System) {
    this.#system = system;
    this.#stops = [
      system.log.onAppended((events) => {
        for (const event of events) if (event.type === PatientCheckedIn.type) this.#learn(event);
      }),
      system.log.onIncarnationChanged(() => this.#tickets.clear()),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  /** The ticket of a visit; empty for one that nobody knows. */
  async of(visitId: string): Promise<string> {
    const known = this.#tickets.get(visitId);
    if (known !== undefined) return known;
    const ticket = (await visitNow(this.#system, visitId))?.ticket ?? '';
    if (ticket !== '') this.#keep(visitId, ticket);
    return ticket;
  }

  #learn(event: RecordedEvent): void {
    this.#keep(event.stream, dataOf(PatientCheckedIn, this.#system.registry.decode(event)).ticket);
  }

  #keep(visitId: string, ticket: string): void {
    this.#tickets.set(visitId, ticket);
    if (this.#tickets.size <= mostInMemory) return;
    const [oldest] = this.#tickets.keys();
    if (oldest !== undefined) this.#tickets.delete(oldest);
  }
}
