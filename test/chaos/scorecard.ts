import type { RoundResult } from './play-round.ts';

/** All rounds of one fault in one line. */
export interface ScoreLine {
  readonly fault: string;
  readonly times: number;
  readonly accepted: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  readonly strangers: number;
  readonly unfinished: number;
  /** Longest times of all rounds, in milliseconds. */
  readonly acceptStallMs: number;
  readonly readModelStallMs: number;
  readonly takeoverMs: number | null;
  readonly takeoverMedianMs: number | null;
  /** Attempts that failed or had no answer, and were sent again. */
  readonly sentAgain: number;
  readonly figures: Readonly<Record<string, number>>;
  /** Rounds in which something did not hold. */
  readonly broken: number;
}

export function scoreOf(fault: string, rounds: readonly RoundResult[]): ScoreLine {
  const sum = (of: (round: RoundResult) => number) => rounds.reduce((all, round) => all + of(round), 0);
  const most = (of: (round: RoundResult) => number) => Math.max(0, ...rounds.map(of));
  const takeovers = rounds.flatMap((round) => round.takeoverMs ?? []).sort((a, b) => a - b);
  const figures: Record<string, number> = {};
  for (const round of rounds) {
    for (const [name, ms] of round.figures) figures[name] = Math.round(Math.max(ms, figures[name] ?? 0));
  }
  return {
    fault,
    times: rounds.length,
    accepted: sum((round) => round.verdict.accepted),
    lost: sum((round) => round.verdict.lost),
    doubled: sum((round) => round.verdict.doubled),
    reordered: sum((round) => round.verdict.reordered),
    strangers: sum((round) => round.verdict.strangers),
    unfinished: sum((round) => round.verdict.unfinished + round.verdict.notDrained),
    acceptStallMs: most((round) => round.acceptStallMs),
    readModelStallMs: most((round) => round.readModelStallMs),
    takeoverMs: takeovers.at(-1) ?? null,
    takeoverMedianMs: takeovers[Math.floor(takeovers.length / 2)] ?? null,
    sentAgain: sum((round) => round.failedAttempts + round.lostAttempts),
    figures,
    broken: rounds.filter((round) => round.violations.length > 0).length,
  };
}

type Column = readonly [title: string, of: (line: ScoreLine) => string];

const columns: readonly Column[] = [
  ['fault', (line) => line.fault],
  ['times', (line) => String(line.times)],
  ['accepted', (line) => String(line.accepted)],
  ['lost', (line) => String(line.lost)],
  ['doubled', (line) => String(line.doubled)],
  ['reordered', (line) => String(line.reordered)],
  ['refused, stored', (line) => String(line.strangers)],
  ['unfinished', (line) => String(line.unfinished)],
  ['sent again', (line) => String(line.sentAgain)],
  ['stall, answers', (line) => ms(line.acceptStallMs)],
  ['stall, read model', (line) => ms(line.readModelStallMs)],
  ['takeover, median', (line) => ms(line.takeoverMedianMs)],
  ['takeover, longest', (line) => ms(line.takeoverMs)],
  ['holds', (line) => (line.broken === 0 ? 'yes' : `NO, ${line.broken} of ${line.times}`)],
];

/** The scorecard as a Markdown table, which reads as well in a terminal. */
export function describeScorecard(lines: readonly ScoreLine[]): string[] {
  const cells = lines.map((line) => columns.map(([, of]) => of(line)));
  const widths = columns.map(([title], index) =>
    Math.max(title.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const row = (texts: readonly string[]) =>
    `| ${texts.map((text, index) => (index === 0 ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0))).join(' | ')} |`;
  return [
    row(columns.map(([title]) => title)),
    `|${widths.map((width, index) => (index === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`,
    ...cells.map(row),
  ];
}

function ms(value: number | null): string {
  return value === null ? '' : `${value} ms`;
}
