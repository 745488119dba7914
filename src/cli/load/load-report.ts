import type { LossReport } from './loss-check.ts';
import type { OpenLoopResult } from './open-loop.ts';
import { describePercentiles, type Percentiles } from './percentiles.ts';

/** What a run of `millrace load` counted. */
export interface LoadResult extends OpenLoopResult {
  readonly accepted: number;
  /** Understood and refused: not stored. */
  readonly refused: number;
  /** Refusals by code. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Answered with a failure (5xx): stored or not. */
  readonly failed: number;
  /** Not answered at all: stored or not. */
  readonly unknown: number;
  /** Accepted commands a second. */
  readonly throughput: number;
  /** From the planned send time to the answer, in milliseconds. */
  readonly answerMs: Percentiles;
}

export function describeLoad(result: LoadResult): string[] {
  const refusals = Object.entries(result.refusals).map(([code, count]) => `${code} ${count}`);
  return [
    `sent        ${result.sent}${result.notSent > 0 ? `, and ${result.notSent} never sent: no connection was free` : ''}`,
    `accepted    ${result.accepted} (${result.throughput.toFixed(0)}/s)`,
    `refused     ${result.refused}${refusals.length > 0 ? ` (${refusals.join(', ')})` : ''}`,
    `failed      ${result.failed}, unknown ${result.unknown}`,
    `answers     ${describePercentiles(result.answerMs)}`,
  ];
}

export function describeLoss(report: LossReport): string[] {
  const lines = [`lag         ${describePercentiles(report.lag)} (created to read model)`];
  const unanswered =
    report.unansweredStored > 0 ? ` ${report.unansweredStored} without an answer are stored as well.` : '';
  if (report.holds) {
    lines.push(
      `zero loss   holds: ${report.stored} of ${report.accepted} accepted commands are in the log once, at the answered ` +
        `position, in the read model, with a complete ledger row.${unanswered}`,
    );
    return lines;
  }
  const counts: readonly (readonly [string, number])[] = [
    ['lost', report.lost],
    ['doubled', report.doubled],
    ['misplaced', report.misplaced],
    ['gaps', report.gaps],
    ['event ids twice', report.doubledIds],
    ['refused and stored', report.refusedStored],
    ['ledger rows incomplete', report.ledgerIncomplete],
    ['not in the read model', report.notApplied],
  ];
  const broken = counts.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
  lines.push(`zero loss   BROKEN: ${broken.join(', ')}.${unanswered}`);
  return [...lines, ...report.examples.map((example) => `            ${example}`)];
}
