import { act } from '../../data/act.ts';
import { number, text, type JsonFields } from '../../data/json.ts';
import type { FlowStore } from './page-state.ts';
import { strings } from './strings.ts';

export interface CheckInFields {
  readonly queueId: string;
  readonly patientName: string;
  readonly priority: string;
  readonly consultationType: string;
}

/** What the reader can do. Each says what came of it in the page's notice; true when it was accepted. */
export class Commands {
  readonly #store: FlowStore;

  constructor(store: FlowStore) {
    this.#store = store;
  }

  checkIn(fields: CheckInFields): Promise<boolean> {
    return this.#send('check-in', fields, (answer) => strings.checkedIn(text(answer['ticket'])));
  }

  callNext(queueId: string, roomId: string): Promise<boolean> {
    return this.#send('call-next', { queueId, roomId }, (answer) => strings.calledTo(text(answer['ticket']), roomId));
  }

  complete(visitId: string): Promise<boolean> {
    return this.#send('complete-attention', { visitId }, (answer) => strings.completedVisit(text(answer['ticket'])));
  }

  async #send(command: string, body: object, done: (answer: JsonFields) => string): Promise<boolean> {
    const answer = await act(`/api/waiting-room/${command}`, body, done);
    if (answer === undefined) return false;
    this.#store.dispatch({ type: 'event-caused', position: number(answer['position']) });
    return true;
  }
}
