import type { MachineDescription } from './machine.ts';

/** How long and how often a part measures. */
export interface Settings {
  /** How often every contestant is measured; the figures are medians over these rounds. */
  readonly rounds: number;
  /** The length of one measured round, in seconds. */
  readonly seconds: number;
  /** What runs unmeasured before each round, in seconds. */
  readonly warmUpSeconds: number;
  /** A run to see that it works: shorter loads, fewer events. Its figures are not held against what is required. */
  readonly quick: boolean;
  /** The length that was asked for with `--seconds`, for the parts that measure long by default. */
  readonly askedSeconds: number | undefined;
  /** Events to load where a part loads many; undefined for the part's own number. */
  readonly events: number | undefined;
  /** Names of the contestants to run; empty means all. */
  readonly only: readonly string[];
}

/** What a part gets to work with. */
export interface PartContext {
  readonly settings: Settings;
  readonly machine: MachineDescription;
  /** Makes an empty database on the server of this run and gives its URL. `name` must be a plain identifier. */
  freshDatabase(name: string): Promise<string>;
  /** Writes out what earlier rounds left dirty, so that no contestant pays for the one before it. */
  settle(): Promise<void>;
  /** One line about what happens now; goes to standard error. */
  progress(line: string): void;
}

/** A table for people: the first row is the heading. */
export interface Table {
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

/** A figure that has to be reached. */
export interface Requirement {
  readonly figure: string;
  readonly value: number;
  readonly unit?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What is aimed at beyond that. */
  readonly target?: number;
}

/** What a part found. `figures` is the JSON form, `table` the form for people. */
export interface PartResult {
  readonly requirements: readonly Requirement[];
  readonly figures: Readonly<Record<string, unknown>>;
  readonly table: Table;
}

/** One benchmark: a module in `parts/` exports one under the name `part`. */
export interface Part {
  readonly name: string;
  readonly title: string;
  run(context: PartContext): Promise<PartResult>;
}
