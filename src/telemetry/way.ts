import type { RecordedEvent } from '../events/envelope.ts';

/** An event that came to a projection. */
export interface ArrivedEvent {
  readonly event: Pick<RecordedEvent, 'id' | 'stream' | 'type' | 'position' | 'occurredAt'> & {
    readonly metadata: { readonly correlationId: string; readonly traceparent?: string | undefined };
  };
  readonly handedAt: number | undefined;
  readonly receivedAt: number;
}

export interface AppliedEvents {
  readonly projection: string;
  /** The projection that the ledger follows: it is the one that says how long an event took. */
  readonly primary: boolean;
  readonly arrivals: readonly ArrivedEvent[];
  /** Positions that did not take effect: failed, or waiting behind a failed one. */
  readonly withheld: ReadonlySet<number>;
  /** The wall clock when the transaction had committed, in milliseconds. */
  readonly committedAt: number;
}

export interface FinishedRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly elapsedMs: number;
  readonly correlationId: string;
  readonly traceparent?: string | undefined;
}

export interface FinishedCommand {
  readonly name: string;
  readonly stream: string;
  readonly elapsedMs: number;
  readonly correlationId: string;
  readonly traceparent?: string | undefined;
  readonly outcome: { readonly events: number; readonly position: number } | { readonly code: string };
}

/** Hears of each step of the way of requests and their events. */
export interface Way {
  /** Whether a step that took so long is of interest: who would have to find out more need not. */
  tells(correlationId: string, elapsedMs: number): boolean;
  requestDone(request: FinishedRequest): void;
  commandDone(command: FinishedCommand): void;
  appended(events: readonly RecordedEvent[]): void;
  /** `refused`: positions that the broker did not take. */
  published(
    events: readonly RecordedEvent[],
    handedAt: number,
    confirmedAt: number,
    refused: ReadonlySet<number>,
  ): void;
  applied(batch: AppliedEvents): void;
  projectionFailed(projection: string, event: ArrivedEvent['event'], error: unknown): void;
}
