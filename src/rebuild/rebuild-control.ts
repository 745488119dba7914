import { Doorbell } from '../doorbell.ts';
import { MillraceError } from '../errors.ts';
import type { RunningOperation } from '../operations/handler.ts';
import { reportAsJson, type RebuildReport } from '../projections/rebuild-progress.ts';
import type { BuildDifference } from '../running-system.ts';

/** While a rebuild is held up it looks for what was asked of it so often, in milliseconds. */
const lookInterval = 1000;

/** How a rebuild tells how far it is, and hears what operators ask of it. */
export class RebuildControl {
  readonly #operation: RunningOperation;
  readonly #bell = new Doorbell();
  #report: RebuildReport = {
    state: 'running',
    position: 0,
    target: 0,
    eventsPerSecond: 0,
    secondsLeft: null,
    differences: [],
    error: null,
  };
  /** Where and when the rate is counted from: a pause and a crash are no part of it. */
  #from: { readonly position: number; readonly at: number } | undefined;

  constructor(operation: RunningOperation) {
    this.#operation = operation;
    operation.onAsked(() => this.#bell.ring());
    operation.signal.addEventListener('abort', () => this.#bell.ring(), { once: true });
  }

  get report(): RebuildReport {
    return this.#report;
  }

  get isConfirmed(): boolean {
    return this.#operation.asked === 'confirm';
  }

  /** Throws when the rebuild has to end, and waits while it is paused. */
  async goOn(): Promise<void> {
    this.check();
    if (this.#operation.asked !== 'pause') return;
    const { state } = this.#report;
    this.#from = undefined;
    while (this.#operation.asked === 'pause') {
      this.#tell({ state: 'paused', eventsPerSecond: 0, secondsLeft: null });
      await this.#bell.wait(lookInterval);
      this.check();
    }
    this.#tell({ state });
  }

  /** Throws OPERATION_ABANDONED when somebody asked for that, and why this process has to end it. */
  check(): void {
    const { signal, asked } = this.#operation;
    if (signal.aborted) throw signal.reason;
    if (asked === 'abandon') throw new MillraceError('OPERATION_ABANDONED', 'The rebuild was abandoned.');
  }

  at(position: number, target: number): void {
    const now = performance.now();
    this.#from ??= { position, at: now };
    const seconds = (now - this.#from.at) / 1000;
    const eventsPerSecond = seconds > 0 ? Math.round((position - this.#from.position) / seconds) : 0;
    const secondsLeft = eventsPerSecond > 0 ? Math.round((target - position) / eventsPerSecond) : null;
    this.#tell({ position, target, eventsPerSecond, secondsLeft, error: null });
  }

  found(differences: readonly BuildDifference[]): void {
    this.#tell({ differences });
  }

  /** Holds the rebuild up until somebody confirms it. `meanwhile` runs about once a second. */
  async untilConfirmed(meanwhile: () => Promise<void>): Promise<void> {
    this.#from = undefined;
    while (!this.isConfirmed) {
      this.#tell({ state: 'waiting', eventsPerSecond: 0, secondsLeft: null });
      await this.#bell.wait(lookInterval);
      await this.goOn();
      await meanwhile();
    }
    this.#tell({ state: 'running' });
  }

  /** Something is away; it is tried again. Waits for so long, or until somebody asks for something. */
  async stumble(error: string, milliseconds: number): Promise<void> {
    this.#from = undefined;
    this.#tell({ error, eventsPerSecond: 0, secondsLeft: null });
    await this.#bell.wait(milliseconds);
    this.check();
  }

  done(position: number): void {
    this.#tell({ state: 'running', position, target: position, secondsLeft: 0, error: null });
  }

  #tell(changes: Partial<RebuildReport>): void {
    this.#report = { ...this.#report, ...changes };
    this.#operation.report(reportAsJson(this.#report));
  }
}
