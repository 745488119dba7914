import { randomBytes } from 'node:crypto';
import { readSettings } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import type { LoadScenario } from '../../server/application.ts';
import { loadApplication } from '../application-file.ts';
import type { LoadOptions } from '../commands/load.ts';
import { ReportedFailure } from '../failure.ts';
import { isObject, numberOrNull } from '../json-shape.ts';
import { findAndConnect } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';
import { checkLoss, headOf } from './check-loss.ts';
import { Journal, readJournal, type Accepted, type JournalContent } from './journal.ts';
import { correlationIdOf } from './loss-check.ts';
import { describeLoad, describeLoss, type LoadResult } from './load-report.ts';
import { runOpenLoop } from './open-loop.ts';
import { percentilesOf } from './percentiles.ts';
import type { HttpAnswer } from './response-parser.ts';

/** Sends load, or checks an earlier run. Throws ReportedFailure when an event is lost, doubled or incomplete. */
export async function runLoad(options: LoadOptions, terminal: Terminal): Promise<void> {
  const progress = options.json === true ? () => undefined : terminal.progress;
  const client = await findAndConnect(options);
  let result: LoadResult | undefined;
  let journal: JournalContent;
  if (options.verify === undefined) {
    const scenario = await scenarioOf(options.app);
    if (options.json !== true)
      terminal.err(`${scenario.description} at ${client.url}, ${options.rate}/s for ${options.seconds} s.`);
    ({ result, journal } = await sendLoad(scenario, client.url, await headOf(client), options, progress));
    terminal.endProgress();
  } else {
    journal = readJournal(options.verify);
  }
  if (options.json !== true && result) for (const line of describeLoad(result)) terminal.out(line);

  const loss = options.check ? await checkLoss(client, journal, options.wait * 1_000, progress) : undefined;
  terminal.endProgress();
  if (options.json === true) {
    terminal.out(JSON.stringify({ run: journal.run, ...result, check: loss ?? null }));
  } else if (loss) {
    for (const line of describeLoss(loss)) terminal.out(line);
  }
  if (loss?.holds === false) throw new ReportedFailure('the check failed');
}

async function scenarioOf(app: string | undefined): Promise<LoadScenario> {
  const { load, system } = await loadApplication(app);
  if (load) return load;
  throw new MillraceError('APP_INVALID', `The application ${system.name} describes no load.`);
}

async function sendLoad(
  scenario: LoadScenario,
  url: string,
  after: number,
  options: LoadOptions,
  progress: (line: string) => void,
): Promise<{ result: LoadResult; journal: JournalContent }> {
  const run = randomBytes(5).toString('hex');
  const file = options.journal === undefined ? undefined : new Journal(options.journal, run, after);
  const accepted: Accepted[] = [];
  const refused: number[] = [];
  const refusals: Record<string, number> = {};
  const latencies: number[] = [];
  let [failed, unknown, second] = [0, 0, 0];
  const onAnswer = (n: number, answer: HttpAnswer) => {
    if (answer.status < 300) {
      const entry = { n, position: positionIn(answer) };
      file?.accepted(entry);
      accepted.push(entry);
    } else if (answer.status < 500) {
      file?.refused(n);
      refused.push(n);
      const reason = refusalIn(answer);
      refusals[reason] = (refusals[reason] ?? 0) + 1;
    } else {
      failed += 1; // the server does not say whether it was stored
    }
  };
  // Ctrl-C ends the sending; what was answered until then is still checked.
  const interrupt = new AbortController();
  let defect: unknown;
  const onSignal = () => interrupt.abort();
  process.once('SIGINT', onSignal);
  try {
    const ran = await runOpenLoop({
      url,
      apiKey: readSettings(process.env).apiKey,
      rate: options.rate,
      seconds: options.seconds,
      connections: options.connections,
      request: (n) => scenario.request(n, run),
      correlationId: (n) => correlationIdOf(run, n),
      onAnswer: ({ n }, answer, latencyMs) => {
        latencies.push(latencyMs);
        try {
          onAnswer(n, answer);
        } catch (error) {
          defect ??= error; // an answer that cannot be read, or a full disk: the run is worth nothing
          interrupt.abort();
        }
      },
      onUnknown: () => {
        unknown += 1;
      },
      onSecond: (sent, waiting) => {
        second += 1;
        const counts = `${accepted.length} accepted, ${refused.length} refused, ${failed + unknown} failed or unknown`;
        progress(`${second} s: ${sent} sent, ${counts}, ${waiting} waiting`);
      },
      signal: interrupt.signal,
    });
    if (defect !== undefined) throw defect;
    const throughput = ran.tookMs > 0 ? (accepted.length / ran.tookMs) * 1_000 : 0;
    const counts = { accepted: accepted.length, refused: refused.length, failed, unknown };
    const result = { ...ran, ...counts, refusals, throughput, answerMs: percentilesOf(latencies) };
    return { result, journal: { run, after, accepted, refused } };
  } finally {
    process.removeListener('SIGINT', onSignal);
    file?.close();
  }
}

function positionIn(answer: HttpAnswer): number {
  const body: unknown = JSON.parse(answer.body);
  const position = isObject(body) ? numberOrNull(body, 'position') : null;
  if (position !== null) return position;
  throw new MillraceError('ANSWER_UNEXPECTED', 'A command was answered with success and without a position.');
}

function refusalIn(answer: HttpAnswer): string {
  const code = /"code":"([A-Z0-9_]+)"/.exec(answer.body)?.[1];
  return code ?? `HTTP_${answer.status}`;
}
