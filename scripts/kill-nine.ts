/**
 * Kills the running application again and again in the middle of load, and checks each time that nothing that was
 * answered with success is lost.
 *
 *     npm run test:kill -- --times 50 [--seed 7] [--rate 300] [--app ./app.ts]
 *
 * One line a round. Every third round kills PostgreSQL, every fifth both, the others the application. Exits with 1 on
 * any loss, and with the seed, so that the same moments can be tried again.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const program = fileURLToPath(new URL('../bin/millrace.js', import.meta.url));
const startWithinMs = 60_000;
const loadSeconds = 4;
const roundWithinMs = 120_000;

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '10' },
    rate: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    app: { type: 'string' },
  },
});

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

/** The application under test: one process after the other on one data folder. */
class Application {
  readonly folder: string;
  readonly url: string;
  readonly #environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(folder: string, port: number) {
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.#environment = { ...process.env, PORT: String(port), MILLRACE_DATA: folder, LOG_LEVEL: 'warn' };
  }

  async start(): Promise<void> {
    const child = this.run(['start', ...appOption]);
    this.#process = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.#output = (this.#output + bytes.toString()).slice(-4_000);
      });
    }
    await this.ready();
  }

  /** Waits until commands can be accepted. */
  async ready(): Promise<void> {
    const end = performance.now() + startWithinMs;
    for (;;) {
      const isReady = await fetch(`${this.url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return;
      if (this.#process?.exitCode !== null || performance.now() > end) {
        throw new Error(`The application did not come up.\n${this.#output}`);
      }
      await pause(20);
    }
  }

  run(args: readonly string[]): ChildProcess {
    return spawn(process.execPath, [program, ...args], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Runs a command to its end and answers what it wrote. */
  async command(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = this.run(args);
    const written = { out: '', err: '' };
    child.stdout?.on('data', (bytes: Buffer) => (written.out += bytes.toString()));
    child.stderr?.on('data', (bytes: Buffer) => (written.err += bytes.toString()));
    const timer = setTimeout(() => child.kill('SIGKILL'), roundWithinMs);
    await once(child, 'close');
    clearTimeout(timer);
    return { code: child.exitCode, ...written };
  }

  async killNode(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  async killPostgres(): Promise<void> {
    const home = (await readFile(path.join(this.folder, 'location'), 'utf8').catch(() => this.folder)).trim();
    const [pid] = (await readFile(path.join(home, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
  }
}

const appOption: readonly string[] = values.app === undefined ? [] : ['--app', values.app];

function victimOf(round: number): 'application' | 'PostgreSQL' | 'both' {
  if (round % 5 === 0) return 'both';
  return round % 3 === 0 ? 'PostgreSQL' : 'application';
}

/** One round. Answers the line about it; throws when something was lost. */
async function playRound(application: Application, round: number, afterMs: number): Promise<string> {
  const journal = path.join(application.folder, `round-${round}.jsonl`);
  const victim = victimOf(round);
  const load = application.command(
    [
      'load',
      '--rate',
      values.rate,
      '--seconds',
      String(loadSeconds),
      '--journal',
      journal,
      '--no-check',
      '--json',
    ].concat(appOption),
  );
  // The journal is made right before the first request.
  while (!existsSync(journal)) await Promise.race([load, pause(5)]);
  await pause(afterMs);
  const killedAt = performance.now();
  if (victim !== 'application') await application.killPostgres();
  if (victim === 'PostgreSQL') {
    await application.ready();
  } else {
    await application.killNode();
    await application.start();
  }
  const upAfterMs = performance.now() - killedAt;
  const sent = await load;
  if (sent.code !== 0) throw new Error(`The load generator failed: ${sent.err}`);
  const verified = await application.command(['load', '--verify', journal, '--json']);
  if (verified.code !== 0) throw new Error(`LOSS: ${verified.out}${verified.err}`);
  const counts: unknown = JSON.parse(sent.out);
  const check: unknown = JSON.parse(verified.out);
  await rm(journal);
  return [
    `round ${round}`,
    `${victim} killed after ${afterMs} ms, up again after ${upAfterMs.toFixed(0)} ms`,
    `${numberIn(counts, 'sent')} sent, ${numberIn(counts, 'accepted')} accepted`,
    `${numberIn(counts, 'failed') + numberIn(counts, 'unknown')} failed or unknown`,
    `of those ${numberIn(check, 'unansweredStored')} stored, 0 lost`,
  ].join(' | ');
}

/** A number at the top of a JSON object, or in its `check`. */
function numberIn(value: unknown, name: string): number {
  for (const [key, content] of Object.entries(value ?? {})) {
    if (key === name && typeof content === 'number') return content;
    if (key === 'check' && content !== null) return numberIn(content, name);
  }
  return Number.NaN;
}

const seed = Number(values.seed);
const times = Number(values.times);
const random = randomFrom(seed);
const folder = await mkdtemp(path.join(tmpdir(), 'millrace-kill-'));
await chmod(folder, 0o755); // an unprivileged PostgreSQL has to reach it
const application = new Application(folder, await freePort());
console.log(`${times} rounds with seed ${seed}`);
let passed = 0;
try {
  await application.start();
  for (let round = 1; round <= times; round += 1) {
    const afterMs = 200 + Math.floor(random() * (loadSeconds * 1_000 - 1_000));
    console.log(await playRound(application, round, afterMs));
    passed += 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await application.stop();
  if (passed === times) await rm(folder, { recursive: true, force: true });
  else console.error(`The data is kept in ${folder}.`);
}
console.log(`${passed} of ${times} rounds without loss, seed ${seed}`);
