import { Client } from 'pg';
import { type Contestant, inFlight } from '../contestants/contestant.ts';
import { dcbEs } from '../contestants/dcb-es.ts';
import { emmett } from '../contestants/emmett.ts';
import { floor } from '../contestants/floor.ts';
import { millraceContestants } from '../contestants/millrace.ts';
import { naive } from '../contestants/naive.ts';
import { compare, measureClosedLoop, type Ratio, type Round, type Summary, summarize } from '../measure.ts';
import type { Part, PartContext, PartResult, Requirement, Table } from '../part.ts';

interface Entry {
  readonly contestant: Contestant;
  readonly url: string;
  readonly rounds: Round[];
  /** Every answered event, warm-ups included; the database must hold exactly as many. */
  answered: number;
}

/** Who is compared with whom: the ratios are ours over theirs. */
const yardsticks = ['emmett', 'dcb-es', 'dcb-es+condition', 'naive', 'floor'];

/** One-event commands to new streams, 64 in flight. */
export const part: Part = {
  name: 'append',
  title: 'Append: one event a command, a new stream each time',
  run: async (context) => {
    const entries = await prepare(context);
    try {
      for (let round = 1; round <= context.settings.rounds; round += 1) {
        for (const entry of entries) {
          const measured = await measureRound(entry, context);
          context.progress(
            `round ${round}/${context.settings.rounds}  ${entry.contestant.name}: ${Math.round(measured.opsPerSecond)}/s`,
          );
        }
      }
      for (const entry of entries) await checkStored(entry);
    } finally {
      for (const entry of entries) await entry.contestant.close();
    }
    return report(entries, context);
  },
};

async function prepare(context: PartContext): Promise<Entry[]> {
  const contestants = [
    ...millraceContestants,
    emmett(),
    dcbEs('without condition'),
    dcbEs('with condition'),
    naive(),
    floor('unnest'),
    floor('copy'),
  ].filter(({ name }) => context.settings.only.length === 0 || context.settings.only.includes(name));
  const entries: Entry[] = [];
  for (const contestant of contestants) {
    const url = await context.freshDatabase(`append_${contestant.name}`);
    await contestant.prepare(url, () => context.freshDatabase(`append_${contestant.name}_2`));
    entries.push({ contestant, url, rounds: [], answered: 0 });
  }
  return entries;
}

async function measureRound(entry: Entry, context: PartContext): Promise<Round> {
  const { contestant } = entry;
  const loop = {
    callers: contestant.callers ?? inFlight,
    eventsPerCall: contestant.eventsPerCall ?? 1,
    call: (caller: number) => contestant.appendOne(caller),
  };
  await context.settle();
  const warmUp = await measureClosedLoop({ ...loop, seconds: context.settings.warmUpSeconds });
  const measured = await measureClosedLoop({ ...loop, seconds: context.settings.seconds });
  entry.answered += warmUp.events + measured.events;
  entry.rounds.push(measured.round);
  return measured.round;
}

async function checkStored({ contestant, url, answered }: Entry): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<{ events: number }>(contestant.countSql);
    const stored = result.rows[0]?.events;
    if (stored !== answered) throw new Error(`${contestant.name} answered ${answered} events and stored ${stored}`);
  } finally {
    await client.end();
  }
}

function report(entries: readonly Entry[], { machine, settings }: PartContext): PartResult {
  const rounds = new Map<string, readonly Round[]>(entries.map((entry) => [entry.contestant.name, entry.rounds]));
  const floorBy = betterFloor(rounds);
  if (floorBy !== undefined) rounds.set('floor', rounds.get(floorBy) ?? []);

  const summaries = new Map([...rounds].map(([name, each]) => [name, summarize(each)]));
  const ratios: Record<string, Record<string, Ratio>> = {};
  for (const [name, own] of rounds) {
    if (!name.startsWith('millrace')) continue;
    ratios[name] = Object.fromEntries(
      yardsticks.flatMap((yardstick) => {
        const other = rounds.get(yardstick);
        return other === undefined ? [] : [[yardstick, compare(own, other)]];
      }),
    );
  }

  const ratio = (name: string, yardstick: string): number => ratios[name]?.[yardstick]?.median ?? NaN;
  const vs = { emmett: ratio('millrace', 'emmett'), floor: ratio('millrace', 'floor') };
  const p99OfEmmett = summaries.get('emmett')?.p99Ms;
  const requirements: Requirement[] = [
    { figure: 'vsEmmett', value: vs.emmett, atLeast: 9, target: 12 },
    { figure: 'p99', value: summaries.get('millrace')?.p99Ms ?? NaN, unit: 'ms', atMost: p99OfEmmett ?? NaN },
    { figure: 'vsFloor', value: vs.floor, atLeast: 0.6, target: 0.75 },
    { figure: 'keyVsEmmett', value: ratio('millrace+key', 'emmett'), atLeast: 7, target: 9 },
    { figure: 'conditionVsEmmett', value: ratio('millrace+tag+condition', 'emmett'), atLeast: 6, target: 8 },
  ];

  return {
    // What `--only` left out is not there to be held against anything.
    requirements: requirements.filter(({ value }) => !Number.isNaN(value)),
    figures: {
      inFlight,
      contestants: Object.fromEntries(summaries),
      floorBy: floorBy ?? null,
      vsEmmett: vs.emmett,
      vsFloor: vs.floor,
      keyVsEmmett: ratio('millrace+key', 'emmett'),
      conditionVsEmmett: ratio('millrace+tag+condition', 'emmett'),
      ratios,
      rounds: Object.fromEntries(entries.map((entry) => [entry.contestant.name, entry.rounds])),
    },
    table: table(entries, summaries, ratios, [
      `${machine.cores} cores, ${machine.cpuModel}, Node ${machine.nodeVersion}, PostgreSQL ${machine.postgresVersion}`,
      `medians of ${settings.rounds} rounds of ${settings.seconds} s, contestants in turn, ${inFlight} in flight`,
    ]),
  };
}

function betterFloor(rounds: ReadonlyMap<string, readonly Round[]>): string | undefined {
  const measured = ['floor-unnest', 'floor-copy'].flatMap((name) => {
    const each = rounds.get(name);
    return each === undefined ? [] : [{ name, opsPerSecond: summarize(each).opsPerSecond }];
  });
  return measured.sort((a, b) => b.opsPerSecond - a.opsPerSecond)[0]?.name;
}

function table(
  entries: readonly Entry[],
  summaries: ReadonlyMap<string, Summary>,
  ratios: Readonly<Record<string, Record<string, Ratio>>>,
  notes: readonly string[],
): Table {
  const rows = entries.flatMap(({ contestant: { name } }) => {
    const summary = summaries.get(name);
    if (summary === undefined) return [];
    const versus = (yardstick: string): string => {
      const ratio = ratios[name]?.[yardstick];
      return ratio === undefined ? '' : `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`;
    };
    const { opsPerSecond, min, max, p50Ms, p99Ms } = summary;
    const figures = [opsPerSecond, min, max].map((figure) => figure.toLocaleString('en'));
    return [[name, ...figures, p50Ms.toFixed(2), p99Ms.toFixed(2), versus('emmett'), versus('floor')]];
  });
  return {
    rows: [['', 'events/s', 'min', 'max', 'p50 ms', 'p99 ms', 'vs emmett', 'vs floor'], ...rows],
    notes: [...notes, ...entries.map(({ contestant }) => `${contestant.name}: ${contestant.does}`)],
  };
}
