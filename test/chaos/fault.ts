import type { SeededRandom } from '../support/seeded-random.ts';
import type { PersistentLoad } from './persistent-load.ts';
import type { Stage, StageKind } from './stage.ts';

/** What a fault is given to play with. */
export interface Scene {
  readonly stage: Stage;
  readonly random: SeededRandom;
  readonly load: PersistentLoad;
  /**
   * Marks the moment from which the time to take over counts: that of the kill when another process takes over, that of
   * a server's return when its clients have to find it again. Without it nothing is measured.
   */
  readonly countFromNow: () => void;
  /** A promise of this fault's own that did not hold. */
  readonly violated: (text: string) => void;
  /** For whoever reads the scorecard: a figure of this fault's own, the longest of all rounds is shown. */
  measured(name: string, milliseconds: number): void;
  /** Aborted at Ctrl-C: whatever waits ends then. */
  readonly signal: AbortSignal;
}

/** One way to break the system, and to mend it again. */
export interface Fault {
  /** `relay-kill` */
  readonly name: string;
  readonly stage: StageKind;
  readonly needs: readonly ('rabbitmq' | 'root')[];
  /** What takes over, for the scorecard: the cursor moves, the projections move, commands are accepted. */
  readonly takeover?: 'relay' | 'projector' | 'api';
  /** It must not make one command fail: the log is the buffer. */
  readonly refusesNothing: boolean;
  /** Seconds for one round, roughly: what a bounded run has time for. */
  readonly seconds: number;
  /** Breaks, waits, mends: everything runs again when it resolves. */
  play(scene: Scene): Promise<void>;
}
