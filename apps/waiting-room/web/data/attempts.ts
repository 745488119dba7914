import type { JsonFields } from './json.ts';
import { newKey, RequestFailure } from './rest.ts';

type Send = (method: 'POST' | 'PUT', path: string, body: object, key: string) => Promise<JsonFields>;

/**
 * Commands that act once. A second tap while one is under way is the same attempt; a command whose answer was lost is
 * sent again under the key it had, so that the server knows it. A command that was answered is over: the same one
 * again is a new one.
 */
export class Attempts {
  readonly #send: Send;
  readonly #underWay = new Map<string, Promise<JsonFields>>();
  /** Kept until there is an answer, as the server may have accepted what it did not get to answer. */
  readonly #keys = new Map<string, string>();

  constructor(send: Send) {
    this.#send = send;
  }

  /** Sends a command. Throws {@link RequestFailure}. */
  act(method: 'POST' | 'PUT', path: string, body: object): Promise<JsonFields> {
    const command = `${method} ${path} ${JSON.stringify(body)}`;
    const before = this.#underWay.get(command);
    if (before !== undefined) return before;
    const attempt = this.#attempt(command, method, path, body).finally(() => this.#underWay.delete(command));
    this.#underWay.set(command, attempt);
    return attempt;
  }

  async #attempt(command: string, method: 'POST' | 'PUT', path: string, body: object): Promise<JsonFields> {
    const key = this.#keys.get(command) ?? newKey();
    this.#keys.set(command, key);
    try {
      const answer = await this.#send(method, path, body, key);
      this.#keys.delete(command);
      return answer;
    } catch (error) {
      // A failing server may have stored it all the same: only a refusal is an answer.
      if (error instanceof RequestFailure && error.status >= 400 && error.status < 500) this.#keys.delete(command);
      throw error;
    }
  }
}
