import { strings } from '../strings.ts';
import { number, text, type JsonFields } from './json.ts';
import { newKey, post, RequestFailure } from './rest.ts';
import type { Store } from './store.ts';

export interface CheckInFields {
  readonly queueId: string;
  readonly patientName: string;
  readonly priority: string;
  readonly consultationType: string;
}

/** What the reader can do. Each says what came of it in the page's notice; true when it was accepted. */
export class Commands {
  readonly #store: Store;
  /** A request without an answer may have been accepted: the same one again goes under the same key. */
  readonly #unanswered = new Map<string, string>();

  constructor(store: Store) {
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
    const request = `${command} ${JSON.stringify(body)}`;
    const key = this.#unanswered.get(request) ?? newKey();
    this.#unanswered.set(request, key);
    try {
      const answer = await post(`/api/waiting-room/${command}`, body, key);
      this.#unanswered.delete(request);
      const position = number(answer['position']);
      this.#store.dispatch({ type: 'noticed', notice: { kind: 'done', text: done(answer) }, position });
      return true;
    } catch (error) {
      const answered = error instanceof RequestFailure && error.code !== 'NO_ANSWER';
      if (answered) this.#unanswered.delete(request);
      const told = answered ? error.message : strings.noAnswer;
      this.#store.dispatch({ type: 'noticed', notice: { kind: 'failed', text: told } });
      return false;
    }
  }
}
