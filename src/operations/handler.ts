import type { Json, JsonObject } from '../events/envelope.ts';

/** An operation as its handler sees it. */
export interface RunningOperation {
  readonly id: number;
  readonly kind: string;
  readonly projection: string;
  readonly input: JsonObject;
  readonly actor: string;
  readonly reason: string | null;
  /** Was begun before, by a process that did not finish it. */
  readonly again: boolean;
  /** Writes the progress down, at most four times a second; only the newest counts. */
  readonly report: (progress: Json) => void;
  /** What somebody has asked of it meanwhile (pause, say); null when nothing. At most a second old. */
  readonly asked: string | null;
  /** Calls back when something was asked of it. */
  readonly onAsked: (listener: () => void) => void;
  /**
   * Aborted when the process stops, or when another process may have taken the operation over: then the handler has to
   * end, by throwing `signal.reason`. The operation is then run again, by this process or by another.
   */
  readonly signal: AbortSignal;
}

/**
 * What executes operations of one kind. It must be safe to run again: a process may die in the middle, or right before
 * the outcome was written down. Throw a MillraceError: the caller gets the same code, message and fields. Throwing
 * OPERATION_ABANDONED ends the operation as abandoned.
 * @example
 * const retry: OperationHandler = {
 *   lane: 'dead-letters',
 *   run: async ({ input, actor }) => deadLetters.retry(Number(input['letter']), actor),
 * };
 */
export interface OperationHandler {
  /** Operations of one lane and projection run one at a time, in the order of their requests. */
  readonly lane: string;
  run(operation: RunningOperation): Promise<Json>;
}

/** Handlers by the kind of operation. */
export type OperationHandlers = { readonly [kind: string]: OperationHandler };
