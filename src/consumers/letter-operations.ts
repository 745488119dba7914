import { MillraceError } from '../errors.ts';
import type { Json, JsonObject } from '../events/envelope.ts';
import type { OperationHandlers, RunningOperation } from '../operations/handler.ts';
import type {
  DeadLetter,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetters,
  Drained,
  Operations,
  RetriedKeys,
} from '../running-system.ts';
import type { PostgresDeadLetters } from './dead-letters.ts';
import { requireReason, unknownLetter } from './letter-rows.ts';

const kinds = {
  retry: 'dead-letters-retry',
  retryAll: 'dead-letters-retry-all',
  discard: 'dead-letters-discard',
} as const;
const lane = 'dead-letters';

/** What executes the actions on dead letters, in a process that may write read models. */
export function letterOperations(letters: PostgresDeadLetters): OperationHandlers {
  return {
    [kinds.retry]: {
      lane,
      run: (operation) =>
        finishing(letters, operation, 'retried', () =>
          letters.retry(letterOf(operation), operation.actor, operation.reason ?? undefined),
        ),
    },
    [kinds.discard]: {
      lane,
      run: (operation) =>
        finishing(letters, operation, 'discarded', () =>
          letters.discard(letterOf(operation), operation.actor, operation.reason ?? ''),
        ),
    },
    [kinds.retryAll]: {
      lane,
      run: async (operation) => {
        const { input, projection, actor, reason, signal } = operation;
        const done = await letters.retryAll(
          { ...groupOf(input), projection },
          actor,
          reason ?? undefined,
          (progress) => {
            operation.report({ ...progress });
            signal.throwIfAborted();
          },
        );
        return { ...done };
      },
    },
  };
}

/** A process that died may have done it without saying so: then what is left of the key is done. */
async function finishing(
  letters: PostgresDeadLetters,
  operation: RunningOperation,
  status: DeadLetter['status'],
  act: () => Promise<Drained>,
): Promise<Json> {
  if (operation.again) {
    const letter = await letters.get(letterOf(operation));
    if (letter.status === status) {
      if (letter.first === null) return { applied: 0, left: 0 };
      return { ...(await letters.retry(letter.first, operation.actor, operation.reason ?? undefined)) };
    }
  }
  return { ...(await act()) };
}

function letterOf({ input }: RunningOperation): number {
  return Number(input['letter']);
}

function groupOf(input: JsonObject): DeadLetterGroup {
  const { orderingKey, eventName } = input;
  return {
    ...(typeof orderingKey === 'string' ? { orderingKey } : {}),
    ...(typeof eventName === 'string' ? { eventName } : {}),
  };
}

/** The side of whoever asks; any process has it. Looks are answered here, actions are operations, and so recorded. */
export class RequestedDeadLetters implements DeadLetters {
  readonly #letters: PostgresDeadLetters;
  readonly #operations: Operations;
  readonly #projections: readonly string[];

  constructor(letters: PostgresDeadLetters, operations: Operations, projections: readonly string[]) {
    this.#letters = letters;
    this.#operations = operations;
    this.#projections = projections;
  }

  list(filter?: DeadLetterFilter): Promise<DeadLetter[]> {
    return this.#letters.list(filter);
  }

  get(id: number): Promise<DeadLetterDetail> {
    return this.#letters.get(id);
  }

  count(): Promise<number> {
    return this.#letters.count();
  }

  async retry(id: number, actor: string, reason?: string): Promise<Drained> {
    return this.#ask(kinds.retry, await this.#open(id), actor, reason);
  }

  async discard(id: number, actor: string, reason: string): Promise<Drained> {
    const said = requireReason(reason, 'Discarding an event');
    return this.#ask(kinds.discard, await this.#open(id), actor, said);
  }

  async retryAll(group: DeadLetterGroup, actor: string, reason?: string): Promise<RetriedKeys> {
    const { projection, ...input } = group;
    const projections = projection === undefined ? this.#projections : [projection];
    const results = await Promise.all(
      projections.map(async (one) => {
        const id = await this.#operations.request({
          kind: kinds.retryAll,
          projection: one,
          input,
          actor,
          ...(reason === undefined ? {} : { reason }),
        });
        return this.#operations.wait(id);
      }),
    );
    const sum = (name: keyof RetriedKeys): number => results.reduce<number>((all, one) => all + numberIn(one, name), 0);
    return { keys: sum('keys'), applied: sum('applied'), failedAgain: sum('failedAgain') };
  }

  async #ask(kind: string, letter: DeadLetter, actor: string, reason: string | undefined): Promise<Drained> {
    const id = await this.#operations.request({
      kind,
      projection: letter.projection,
      input: { letter: letter.id },
      actor,
      ...(reason === undefined ? {} : { reason }),
    });
    const result = await this.#operations.wait(id);
    return { applied: numberIn(result, 'applied'), left: numberIn(result, 'left') };
  }

  /** Nothing is recorded about a letter that nobody knows. */
  async #open(id: number): Promise<DeadLetter> {
    const letter = await this.#letters.get(id);
    if (letter.status !== 'failed' && letter.status !== 'waiting') throw unknownLetter(id);
    return letter;
  }
}

function numberIn(result: Json, name: string): number {
  if (isFields(result)) {
    const value = result[name];
    if (typeof value === 'number') return value;
  }
  throw new MillraceError('INTERNAL_ERROR', `The operation's result has no ${name}.`);
}

function isFields(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
