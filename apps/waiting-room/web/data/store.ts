import { initialState, reduce, type Action, type PageState } from '../model/page-state.ts';

/** The page's state, changed by actions alone. Listeners decide themselves how often they look. */
export class Store {
  #state = initialState;
  readonly #listeners = new Set<() => void>();

  get state(): PageState {
    return this.#state;
  }

  dispatch(action: Action): void {
    const next = reduce(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after every change until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
