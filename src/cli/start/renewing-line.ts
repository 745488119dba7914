import type { Terminal } from '../terminal.ts';

/** Says that a start takes longer than usual, and why. */
export function renewingLine(terminal: Terminal): (projection: string) => void {
  return (projection) =>
    terminal.err(`The tables of the read model ${projection} are an earlier version's: it is made anew from the log.`);
}
