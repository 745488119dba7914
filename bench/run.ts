/**
 * Runs the benchmarks: `npm run bench` for all parts, `npm run bench -- append --json` for one.
 * Everything that needs the peers is imported after they are installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Part, PartContext, Requirement, Settings, Table } from './part.ts';

const usage = `npm run bench -- [part] [options]
  --rounds <n>      measured rounds a contestant (default 5)
  --seconds <n>     length of a round (default 3), or of a long load (default: see README.md)
  --warm-up <n>     seconds before each round that do not count (default 1)
  --events <n>      events to load, where a part loads many
  --quick           2 rounds of 1 s, and short loads
  --only <names>    these contestants only, separated by commas
  --json            one JSON object on standard output, progress on standard error; needs a part
  --save            keep the result under bench/results/
BENCH_POSTGRES_URL names a server to measure on instead of the embedded one.`;

const here = new URL('./', import.meta.url);

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function installPeers(): void {
  if (existsSync(new URL('node_modules/', here))) return;
  progress('installing what is compared (npm ci --prefix bench) ...');
  const npm = spawnSync('npm', ['ci', '--prefix', fileURLToPath(here)], {
    // Standard output belongs to the result.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) throw new Error('npm ci --prefix bench failed');
}

async function loadParts(wanted: string | undefined): Promise<Part[]> {
  const names = (await readdir(new URL('parts/', here)))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'))
    .sort();
  if (wanted !== undefined && !names.includes(wanted)) {
    throw new TypeError(`There is no part ${wanted}. Parts: ${names.join(', ')}`);
  }
  const parts: Part[] = [];
  for (const name of wanted === undefined ? names : [wanted]) {
    const module: unknown = await import(new URL(`parts/${name}.ts`, here).href);
    if (!hasPart(module)) throw new Error(`bench/parts/${name}.ts does not export a part`);
    parts.push(module.part);
  }
  return parts;
}

function hasPart(module: unknown): module is { part: Part } {
  return typeof module === 'object' && module !== null && 'part' in module;
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new TypeError(`--${option} wants a number above 0, not ${value}`);
  return number;
}

function print({ rows, notes }: Table): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
  process.stdout.write(`\n${notes.join('\n')}\n\n`);
}

function isMet({ value, atLeast, atMost }: Requirement): boolean {
  return value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);
}

function describe(requirement: Requirement): string[] {
  const { figure, value, unit, atLeast, atMost, target } = requirement;
  const show = (number: number): string =>
    `${number.toLocaleString('en', { maximumFractionDigits: 2 })}${unit === undefined ? '' : ` ${unit}`}`;
  const required = atLeast === undefined ? `≤ ${show(atMost ?? 0)}` : `≥ ${show(atLeast)}`;
  return [
    figure,
    show(value),
    required,
    target === undefined ? '' : show(target),
    isMet(requirement) ? 'met' : 'MISSED',
  ];
}

async function save(result: Readonly<Record<string, unknown>>, name: string, startedAt: string): Promise<void> {
  const folder = new URL('results/', here);
  await mkdir(folder, { recursive: true });
  const file = new URL(`${name}-${startedAt.replaceAll(/[:.]/g, '-')}.json`, folder);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  progress(`saved ${fileURLToPath(file)}`);
}

async function main(): Promise<void> {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      events: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  if (positionals.length > 1) throw new TypeError(`one part at a time, not ${positionals.join(' and ')}`);
  if (options.json && positionals.length === 0) throw new TypeError('--json prints one object, so it needs a part');
  const settings: Settings = {
    rounds: Math.ceil(positive('rounds', options.rounds ?? (options.quick ? '2' : '5'))),
    seconds: positive('seconds', options.seconds ?? (options.quick ? '1' : '3')),
    warmUpSeconds: positive('warm-up', options['warm-up'] ?? '1'),
    quick: options.quick,
    askedSeconds: options.seconds === undefined ? undefined : positive('seconds', options.seconds),
    events: options.events === undefined ? undefined : Math.ceil(positive('events', options.events)),
    only: options.only.split(',').filter((name) => name !== ''),
  };

  installPeers();
  const parts = await loadParts(positionals[0]);
  const { openServer } = await import('./server.ts');
  const { describeMachine } = await import('./machine.ts');
  const server = await openServer(process.env['BENCH_POSTGRES_URL']);
  const interrupted = (): void => {
    // Pools complain when the server goes away under them; now that is what is wanted.
    process.on('uncaughtException', () => undefined);
    void server.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const context: PartContext = {
      settings,
      machine: describeMachine({
        postgres: server.kind,
        postgresVersion: server.version,
        postgresSettings: server.settings,
      }),
      freshDatabase: (name) => server.freshDatabase(name),
      settle: () => server.checkpoint(),
      progress,
    };
    const overview: string[][] = [['part', 'figure', 'measured', 'required', 'aimed at', '']];
    for (const part of parts) {
      progress(part.title);
      const startedAt = new Date().toISOString();
      const { figures, table, requirements } = await part.run(context);
      overview.push(...requirements.map((requirement) => [part.name, ...describe(requirement)]));
      const result = {
        part: part.name,
        title: part.title,
        startedAt,
        // Others may work on this machine: a figure is worth what this says.
        loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
        machine: context.machine,
        settings,
        requirements: requirements.map((requirement) => ({ ...requirement, met: isMet(requirement) })),
        ...figures,
      };
      if (options.save) await save(result, part.name, startedAt);
      if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
      else {
        process.stdout.write(`\n${part.title}\n\n`);
        print(table);
      }
    }
    if (!options.json)
      print({ rows: overview, notes: settings.quick ? ['A quick run: not held against anything.'] : [] });
  } finally {
    await server.stop();
  }
}

try {
  await main();
} catch (error) {
  progress(error instanceof TypeError ? `${error.message}\n\n${usage}` : String(error));
  process.exitCode = 1;
}
