import type { CommandOptions } from '../commands/command-handler.ts';
import type { DecidedEvent, Decider } from '../commands/decider.ts';
import type { CommandResult } from '../commands/mailbox.ts';
import { backoff, Doorbell } from '../doorbell.ts';
import { DomainError, MillraceError } from '../errors.ts';
import type { EventLog } from '../store/store.ts';
import { CatchUp } from './catch-up.ts';
import type { TimersDefinition } from './definition.ts';
import type { DuePage, DueTimer, DueTimers, PageEnd } from './due-timers.ts';
import { firingName, type Firing, type Settlement, type TimerFirings } from './firings.ts';
import { TimerTally, type TimersReport } from './timer-report.ts';

export interface TimerRunnerOptions {
  readonly definitions: readonly TimersDefinition[];
  readonly due: Pick<DueTimers, 'page'>;
  readonly firings: TimerFirings;
  readonly log: EventLog;
  execute<State, Command, Event extends DecidedEvent>(
    decider: Decider<State, Command, Event>,
    command: Command,
    options: CommandOptions,
  ): Promise<CommandResult>;
  /** A command was refused; called once for each, in whatever process. */
  readonly onRefused?: (timer: DueTimer, code: string) => void;
  /** A command failed and is tried again, or a part is away. */
  readonly onError?: (error: unknown, definition?: string) => void;
  /** Looks so often at least, in milliseconds: a nudge may get lost. Default 1,000. */
  readonly lookInterval?: number;
  /** Timers that are fired at once. Default 100. */
  readonly batchSize?: number;
}

/** What is known to be settled, by name, with how far the read model had come that showed it. */
type Settled = Map<string, Firing & { readonly position: number }>;

/** The pauses before a command that failed by itself is tried again, in milliseconds: they double up to the longest. */
const pauses = { first: 1000, longest: 60_000 };
/** The same while a part is away that all need. */
const outagePauses = { first: 50, longest: 2000 };

/**
 * Executes the commands of timers that are due. Every process that takes commands runs one; they race, and the command's
 * key lets one of them win. What came of a firing is kept in the event store until an event takes the timer away.
 */
export class TimerRunner {
  readonly #options: TimerRunnerOptions;
  readonly #definitions: ReadonlyMap<string, TimersDefinition>;
  readonly #catchUp: CatchUp;
  readonly #tally: TimerTally;
  readonly #work = new Doorbell();
  readonly #ending = new Doorbell();
  #settled: Settled | undefined;
  /** Settled, and not written down yet: an outage came between. */
  #unrecorded: readonly { readonly timer: DueTimer; readonly settlement: Settlement }[] = [];
  /** Tried in vain, how often, and when the next try is. */
  readonly #failures = new Map<string, { readonly count: number; readonly notBefore: number }>();
  #error: unknown;
  #stopped = false;
  #stopListening: () => void = () => undefined;
  #loop: Promise<void> | undefined;

  constructor(options: TimerRunnerOptions) {
    this.#options = options;
    this.#definitions = new Map(options.definitions.map((definition) => [definition.id, definition]));
    this.#catchUp = new CatchUp(options.log);
    this.#tally = new TimerTally(options.definitions);
  }

  get reports(): readonly TimersReport[] {
    return this.#tally.reports;
  }

  /** What the last look stumbled over; undefined when it went well. */
  get error(): unknown {
    return this.#error;
  }

  start(): void {
    this.#stopListening = this.#options.log.onIncarnationChanged(() => {
      this.#catchUp.forget();
      // The log that was put back knows itself what had been settled in it.
      this.#settled = undefined;
      this.#unrecorded = [];
    });
    this.#loop ??= this.#run();
  }

  /** The timers may have changed. */
  nudge(): void {
    this.#work.ring();
  }

  /** Lets the commands that are under way end, and begins no other. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopListening();
    this.#work.ring();
    this.#ending.ring();
    await this.#loop;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      try {
        const wait = await this.#look();
        failures = 0;
        this.#error = undefined;
        if (!this.#stopped) await this.#work.wait(wait);
      } catch (error) {
        this.#error = error;
        this.#options.onError?.(error);
        await this.#ending.wait(backoff(++failures, outagePauses.first, outagePauses.longest));
      }
    }
  }

  /** Fires what is due and returns how long to wait for the next, in milliseconds. */
  async #look(): Promise<number> {
    const { due, firings, lookInterval = 1000, batchSize = 100 } = this.#options;
    const settled = (this.#settled ??= new Map((await firings.all()).map((one) => [firingName(one), one])));
    await this.#record();
    const seen = new Set<string>();
    let left: readonly DueTimer[] = [];
    let position = Infinity;
    for (let end: PageEnd | undefined; ;) {
      const page = await due.page(end, batchSize);
      const readAt = performance.now();
      end = page.timers.at(-1);
      position = Math.min(position, page.position);
      for (const timer of page.timers) seen.add(firingName(timer));
      // A definition that only other versions of the code know is theirs to fire.
      const here = page.timers.filter((one) => this.#definitions.has(one.definition) && !settled.has(firingName(one)));
      let isRipe = true;
      try {
        isRipe = here.length === 0 || (await this.#fireRipe(page, here, settled));
      } finally {
        left = [...left, ...here.filter((timer) => !settled.has(firingName(timer)))];
        this.#tally.left(left, page.now, (timer) => this.#failures.has(firingName(timer)));
      }
      const isLast = page.timers.length < batchSize;
      // What is due later than timers that wait for the read model waits as well.
      if (!isLast && isRipe && !this.#stopped) continue;
      if (isLast) await this.#forget(seen, position, settled);
      const next = (page.nextIn ?? lookInterval) - (performance.now() - readAt);
      return Math.max(0, Math.min(next, lookInterval, this.#nextTry()));
    }
  }

  /** Fires what may be fired of a page; true when that is none of them too early. */
  async #fireRipe(page: DuePage, timers: readonly DueTimer[], settled: Settled): Promise<boolean> {
    const upTo = await this.#catchUp.reachedBy(page);
    const ripe = timers.filter((timer) => timer.dueAt <= upTo);
    await this.#fire(
      ripe.filter((timer) => !timer.isDoubtful && !this.#rests(timer)),
      page.position,
      settled,
    );
    return ripe.length === timers.length;
  }

  async #fire(timers: readonly DueTimer[], position: number, settled: Settled): Promise<void> {
    if (timers.length === 0 || this.#stopped) return;
    const known = await this.#options.firings.settledAmong(timers);
    for (const timer of timers) {
      if (known.has(firingName(timer))) settled.set(firingName(timer), { ...timer, position });
    }
    const open = timers.filter((timer) => !known.has(firingName(timer)));
    // Those of one boundary are decided in this order.
    const results = await Promise.allSettled(open.map((timer) => this.#execute(timer)));
    const settlements: { timer: DueTimer; settlement: Settlement }[] = [];
    const away: { readonly timer: DueTimer; readonly error: unknown }[] = [];
    open.forEach((timer, at) => {
      const result = results[at];
      if (result === undefined) return;
      const firing = { timer: timer.timer, dueAt: timer.dueAt, position };
      if (result.status === 'fulfilled') {
        settlements.push({ timer, settlement: { ...firing, outcome: 'fired' } });
        if (!result.value.replayed) this.#tally.settled(timer.definition, 'fired');
        return;
      }
      const error: unknown = result.reason;
      const code = refusalOf(error);
      if (code !== undefined) settlements.push({ timer, settlement: { ...firing, outcome: 'refused', code } });
      else if (error instanceof MillraceError && error.kind === 'unavailable') away.push({ timer, error });
      else this.#failed(timer, error);
    });
    for (const { timer, settlement } of settlements) {
      settled.set(firingName(timer), settlement);
      this.#failures.delete(firingName(timer));
    }
    this.#unrecorded = [...this.#unrecorded, ...settlements];
    await this.#record();
    // When none came through, something is away that all need, and the next page would only wait for it again.
    const [first] = away;
    if (first !== undefined && away.length === open.length) throw first.error;
    for (const { timer, error } of away) this.#failed(timer, error);
  }

  async #execute(timer: DueTimer): Promise<CommandResult> {
    const { definition, key, dueAt, metadata } = timer;
    const options: CommandOptions = {
      metadata: { ...metadata, actor: `timers ${definition}` },
      // Nothing of the command: it may be made by other code at the next try, and is the same firing.
      key: { scope: `timers ${timer.timer}`, value: String(dueAt), request: { definition, key, dueAt } },
    };
    const definitions = this.#definitions.get(definition);
    if (definitions === undefined) throw new MillraceError('DEFINITION_INVALID', `There are no timers ${definition}.`);
    return definitions.fire(timer, (decider, command) => this.#options.execute(decider, command, options));
  }

  /** Writes down what came of firings, so that nobody asks again when the command keys are gone. */
  async #record(): Promise<void> {
    if (this.#unrecorded.length === 0) return;
    const first = await this.#options.firings.settle(this.#unrecorded.map(({ settlement }) => settlement));
    const recorded = this.#unrecorded;
    this.#unrecorded = [];
    for (const { timer, settlement } of recorded) {
      if (settlement.code === undefined || !first.has(firingName(timer))) continue;
      this.#tally.settled(timer.definition, 'refused');
      this.#options.onRefused?.(timer, settlement.code);
    }
  }

  /** An event has taken the timer away, or set it to another time: nobody can ask for this firing any more. */
  async #forget(seen: ReadonlySet<string>, position: number, settled: Settled): Promise<void> {
    for (const name of this.#failures.keys()) if (!seen.has(name)) this.#failures.delete(name);
    // A read model that is behind the one that showed it may show it again.
    const gone = [...settled].filter(([name, one]) => !seen.has(name) && one.position <= position);
    if (gone.length === 0) return;
    await this.#options.firings.forget(gone.map(([, firing]) => firing));
    for (const [name] of gone) settled.delete(name);
  }

  #failed(timer: DueTimer, error: unknown): void {
    const count = (this.#failures.get(firingName(timer))?.count ?? 0) + 1;
    const notBefore = performance.now() + backoff(count, pauses.first, pauses.longest);
    this.#failures.set(firingName(timer), { count, notBefore });
    this.#options.onError?.(error, timer.definition);
  }

  #rests(timer: DueTimer): boolean {
    return (this.#failures.get(firingName(timer))?.notBefore ?? 0) > performance.now();
  }

  /** Milliseconds until a command that failed is tried again. What waits for something else as well does not count. */
  #nextTry(): number {
    const pauses = [...this.#failures.values()].map(({ notBefore }) => notBefore - performance.now());
    return Math.min(...pauses.filter((pause) => pause > 0));
  }
}

/** Why a command was refused, undefined when it was not: by the decider, or by a guard or a stream that must be new. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof DomainError) return error.code;
  return error instanceof MillraceError && error.kind === 'conflict' ? error.code : undefined;
}
