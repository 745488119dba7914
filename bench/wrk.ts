import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What the load script `workers/check-ins.lua` prints at its end. */
export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers with another status than 201. */
  readonly refused: number;
  readonly failures: number;
}

/** Makes sure that wrk is there; installs it where apt and root allow it. */
export function needWrk(progress: (line: string) => void): void {
  if (hasWrk()) return;
  if (process.getuid?.() === 0) {
    progress('installing wrk (apt-get install wrk) ...');
    spawnSync('apt-get', ['install', '--yes', 'wrk'], { stdio: ['ignore', 2, 2] });
  }
  if (!hasWrk()) throw new Error('The load comes from wrk, and wrk is not installed: apt-get install wrk');
}

function hasWrk(): boolean {
  return spawnSync('wrk', ['--version']).error === undefined;
}

/** Sends check-ins to a server for some seconds, with 128 connections, from a process of its own. */
export async function runWrk(url: string, seconds: number, run: string): Promise<WrkResult> {
  const script = fileURLToPath(new URL('./workers/check-ins.lua', import.meta.url));
  const options = ['--threads', '1', '--connections', '128', '--duration', `${seconds}s`, '--timeout', '10s'];
  const wrk = spawn('wrk', [...options, '--script', script, url, '--', run], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  wrk.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(wrk, 'close');
  const line = output.split('\n').find((one) => one.startsWith('RESULT '));
  if (line === undefined) throw new Error(`wrk told no result:\n${output}`);
  // Printed by check-ins.lua, in this shape.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(line.slice('RESULT '.length)) as WrkResult;
}
