import type { Contestant } from './contestant.ts';

/** Our own side: `millrace`, `millrace+key` and `millrace+tag+condition`, in this order. */
export const millraceContestants: readonly Contestant[] = [];
