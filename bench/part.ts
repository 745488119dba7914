import type { MachineDescription } from './machine.ts';

/** How long and how often a part measures. */
export interface Settings {
  /** How often every contestant is measured; the figures are medians over these rounds. */
  readonly rounds: number;
  /** The length of one measured round, in seconds. */
  readonly seconds: number;
  /** What runs unmeasured before each round, in seconds. */
  readonly warmUpSeconds: number;
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

/** What a part found. `figures` is the JSON form, `table` the form for people. */
export interface PartResult {
  readonly figures: Readonly<Record<string, unknown>>;
  readonly table: Table;
}

/** One benchmark: a module in `parts/` exports one under the name `part`. */
export interface Part {
  readonly name: string;
  readonly title: string;
  run(context: PartContext): Promise<PartResult>;
}
