import path from 'node:path';
import process from 'node:process';
import { SeededRandom } from '../support/seeded-random.ts';
import { findRabbitMq, installRabbitMq } from '../support/rabbitmq-install.ts';
import type { Fault } from './fault.ts';
import { faults } from './faults.ts';
import { playRound, type RoundResult } from './play-round.ts';
import { playRestores } from './restore-scenarios.ts';
import { scoreOf, type ScoreLine } from './scorecard.ts';
import { Stage, takesRabbitMq } from './stage.ts';

export interface ChaosOptions {
  readonly wanted: (name: string) => boolean;
  /** Rounds of each fault. */
  readonly times: number;
  /** Begins no round that would probably end later. */
  readonly withinMs?: number;
  readonly seed: number;
  readonly rate: number;
  /** On the embedded broker, also where there is a RabbitMQ. */
  readonly embedded: boolean;
  /** For logs and data; every account can reach it. */
  readonly folder: string;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface ChaosResult {
  readonly seed: number;
  readonly broker: 'rabbitmq' | 'embedded';
  readonly lines: readonly ScoreLine[];
  /** What did not hold: fault, seed of the round, and why. */
  readonly broken: readonly string[];
  /** What could not be played here, and why. */
  readonly notRun: readonly string[];
}

/** So many rounds go by before the whole read models are compared once more; they are at the end, too. */
const wholeEvery = 10;
/** A read model that stood still for so long is worth to know where. */
const stoodOutMs = 5_000;

/** Plays every wanted fault as often as wanted, stage by stage. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { report, signal, seed } = options;
  const begun = performance.now();
  const missing = whatIsMissing(options);
  const rabbitmq = !missing.has('rabbitmq');
  const rounds = new Map<string, RoundResult[]>();
  const broken: string[] = [];
  const notRun: string[] = [];
  report(`Seed ${seed}, ${options.times} rounds of each fault, ${options.rate} commands a second.`);
  const playable = faults.filter((fault) => {
    const need = fault.needs.find((one) => missing.has(one));
    if (options.wanted(fault.name) && need !== undefined) notRun.push(`${fault.name}: ${missing.get(need)}`);
    return options.wanted(fault.name) && need === undefined;
  });
  const hasTime = (seconds: number) =>
    options.withinMs === undefined || performance.now() - begun + seconds * 1_000 < options.withinMs;

  for (const kind of new Set(playable.map((fault) => fault.stage))) {
    const own = playable.filter((fault) => fault.stage === kind);
    // Turn by turn, so that a run that ends early has played each of them equally often.
    const turns = Array.from({ length: options.times }, (_, round) => round);
    const plan = turns.flatMap((round) => own.map((fault) => ({ fault, round })));
    let stage: Stage | undefined;
    let stages = 0;
    for (const [index, { fault, round }] of plan.entries()) {
      if (signal.aborted) break;
      if (!hasTime(fault.seconds + (stage === undefined ? 25 : 5))) {
        if (round === 0) notRun.push(`${fault.name}: there was no time left`);
        continue;
      }
      const own = roundSeed(seed, fault.name, round);
      const last = index === plan.length - 1;
      try {
        stage ??= await Stage.start({
          kind,
          rabbitmq,
          folder: path.join(options.folder, `${kind}-${++stages}`),
          report: (line) => report(`  ${line}`),
        });
        const whole = last || index % wholeEvery === wholeEvery - 1;
        const result = await playRound({ stage, fault, seed: own, rate: options.rate, whole, signal });
        rounds.set(fault.name, [...(rounds.get(fault.name) ?? []), result]);
        report(describeRound(result, round, options.times));
        if (result.violations.length === 0) continue;
        for (const text of result.violations) broken.push(`${fault.name}, round seed ${own}: ${text}`);
        for (const text of result.violations) report(`    ${text}`);
      } catch (error) {
        if (!signal.aborted) {
          broken.push(`${fault.name}, round seed ${own}: ${error instanceof Error ? error.message : String(error)}`);
          report(`${fault.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        }
      }
      // What is broken once would be found by every later round as well: they begin anew.
      await stage?.stop(true);
      stage = undefined;
    }
    await stage?.stop(broken.length > 0);
  }
  const lines = [...rounds].map(([fault, results]) => scoreOf(fault, results));
  const restores = await playRestores({ ...options, rabbitmq, hasTime });
  return {
    seed,
    broker: rabbitmq ? 'rabbitmq' : 'embedded',
    lines: [...lines, ...restores.lines],
    broken: [...broken, ...restores.broken],
    notRun: [...notRun, ...restores.notRun],
  };
}

/** What cannot be had here, and why. */
function whatIsMissing({ embedded }: ChaosOptions): ReadonlyMap<Fault['needs'][number], string> {
  const missing = new Map<Fault['needs'][number], string>();
  if (embedded) missing.set('rabbitmq', 'played on the embedded broker, as asked for');
  else if (!takesRabbitMq()) missing.set('rabbitmq', '"millrace start" takes no RABBITMQ_URL yet');
  else if (findRabbitMq() === undefined && !installRabbitMq()) {
    missing.set('rabbitmq', 'there is no RabbitMQ: install the Debian package rabbitmq-server, or run this as root');
  }
  if (process.getuid?.() !== 0) missing.set('root', 'a small disk has to be mounted: run this as root');
  return missing;
}

/** A seed of its own for each round, so that one can be played again alone. */
function roundSeed(seed: number, fault: string, round: number): number {
  let mixed = seed;
  for (const letter of `${fault} ${round}`) mixed = (Math.imul(mixed, 31) + (letter.codePointAt(0) ?? 0)) | 0;
  return new SeededRandom(mixed).between(1, 2_000_000_000);
}

function describeRound(result: RoundResult, round: number, times: number): string {
  const { verdict, violations } = result;
  const { unknown, unknownStored } = verdict;
  const stoodOut = result.readModelStallMs > stoodOutMs ? ` (${result.stalls})` : '';
  return [
    `${result.fault} ${round + 1}/${times}`,
    `${verdict.accepted} accepted, ${verdict.refused} refused${unknown > 0 ? `, ${unknown} unknown (${unknownStored} stored)` : ''}`,
    `sent again ${result.failedAttempts + result.lostAttempts}${describeReasons(result.reasons)}`,
    `stalls: answers ${result.acceptStallMs} ms, read model ${result.readModelStallMs} ms${stoodOut}`,
    ...(result.takeoverMs === undefined ? [] : [`takeover ${result.takeoverMs} ms`]),
    violations.length === 0 ? 'holds' : `BROKEN (${violations.length})`,
  ].join(' | ');
}

function describeReasons(reasons: ReadonlyMap<string, number>): string {
  if (reasons.size === 0) return '';
  return ` (${[...reasons].map(([reason, times]) => `${reason.trim()}: ${times}`).join(', ')})`;
}
