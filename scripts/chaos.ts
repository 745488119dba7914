/**
 * Breaks a whole system of real processes while it works, and checks after every break that nothing was lost, doubled
 * or reordered. See docs/guides/failures.md.
 *
 *     npm run test:chaos                                    every fault once: about ten minutes
 *     npm run test:chaos -- --quick                         one of each kind
 *     npm run test:chaos -- --times 200 --only relay-kill,api-kill,projector-kill
 *     npm run test:chaos -- --minutes 5                     begins nothing that would end later
 *     npm run test:chaos -- --seed 7                        the same moments again
 *     npm run test:chaos -- --list
 *
 * Prints a scorecard, with --json one JSON object. Exits with 1 when something did not hold; logs of the processes are
 * kept then. Exits with 69 when nothing of what was asked for can be played here.
 */
import { mkdtemp, chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runChaos } from '../test/chaos/run-chaos.ts';
import { faults, quickSelection } from '../test/chaos/faults.ts';
import { restoreScenarioNames } from '../test/chaos/restore-scenarios.ts';
import { describeScorecard } from '../test/chaos/scorecard.ts';

const usage = `npm run test:chaos -- [options]
  --times <n>      rounds of each fault (default 1)
  --only <names>   these faults only, separated by commas; relay-* stands for all that begin with relay-
  --quick          one fault of each kind
  --minutes <n>    begins nothing that would end later
  --seed <n>       the same moments again
  --rate <n>       commands a second (default 300)
  --embedded       on the embedded broker, also where there is a RabbitMQ
  --json           one JSON object on standard output
  --list           the names of all faults`;

function readOptions() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        times: { type: 'string', default: '1' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        minutes: { type: 'string' },
        seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
        rate: { type: 'string', default: '300' },
        embedded: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return process.exit(64);
  }
}

const values = readOptions();

/** EX_UNAVAILABLE of sysexits.h: .ci/run lists the suite as not run. */
const unavailable = 69;
const all = [...faults.map((fault) => fault.name), ...restoreScenarioNames];

if (values.help) {
  console.log(usage);
} else if (values.list) {
  for (const name of all) console.log(name);
} else {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
  const only = values.only?.split(',').map((name) => name.trim()) ?? (values.quick ? quickSelection : undefined);
  const unknown = only?.filter((name) => !all.some((known) => matches(known, name))) ?? [];
  if (unknown.length > 0) {
    console.error(`There is no fault ${unknown.join(', ')}; --list shows them all.`);
    process.exit(64);
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-chaos-'));
  await chmod(folder, 0o755); // the accounts of PostgreSQL and RabbitMQ have to reach it
  const report = (line: string) => console.error(line);
  const result = await runChaos({
    wanted: (name) => only === undefined || only.some((pattern) => matches(name, pattern)),
    times: Number(values.times),
    ...(values.minutes === undefined ? {} : { withinMs: Number(values.minutes) * 60_000 }),
    seed: Number(values.seed),
    rate: Number(values.rate),
    embedded: values.embedded,
    folder,
    report,
    signal: interrupt.signal,
  });
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    console.log('');
    for (const line of describeScorecard(result.lines)) console.log(line);
    for (const line of result.lines) {
      for (const [name, ms] of Object.entries(line.figures)) console.log(`${line.fault}: ${name}, longest ${ms} ms`);
    }
    for (const text of result.notRun) console.log(`!!! NOT RUN: ${text}`);
  }
  const broken = result.broken.length > 0;
  for (const text of result.broken) console.error(`BROKEN: ${text}`);
  console.error(`Seed ${values.seed}${interrupt.signal.aborted ? ', stopped before the end' : ''}.`);
  if (broken) console.error(`The logs are kept in ${folder}.`);
  else await rm(folder, { recursive: true, force: true });
  process.exitCode = broken ? 1 : result.lines.length === 0 ? unavailable : 0;
}

/** `relay-*` stands for all that begin with `relay-`. */
function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
