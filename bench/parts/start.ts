import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../measure.ts';
import type { Part } from '../part.ts';

/** From `npm start` on data that is there to the first check-in that is answered. */
export const part: Part = {
  name: 'start',
  title: 'Start: `npm start` to the first answered check-in',
  run: async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-start-'));
    chmodSync(folder, 0o755);
    try {
      const firstMs = await timeStart(folder);
      context.progress(`first start: ${firstMs.toFixed(0)} ms`);
      const againMs: number[] = [];
      for (let round = 1; round <= context.settings.rounds; round += 1) {
        againMs.push(await timeStart(folder));
        context.progress(`start ${round + 1}: ${againMs.at(-1)?.toFixed(0)} ms`);
      }
      const secondMs = median(againMs);
      return {
        requirements: [{ figure: 'second start', value: secondMs / 1000, unit: 's', atMost: 3 }],
        figures: { firstMs, secondMs, againMs },
        table: {
          rows: [
            ['', 'ms'],
            ['first start, data made', firstMs.toFixed(0)],
            ['later starts, median', secondMs.toFixed(0)],
          ],
          notes: ['from the start of the process to the answer 201, asked every 20 ms'],
        },
      };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function timeStart(folder: string): Promise<number> {
  const port = await freePort();
  const start = performance.now();
  const program = spawn('npm', ['start'], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    env: { ...process.env, MILLRACE_DATA: join(folder, 'data'), PORT: String(port), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own, so that the signal reaches the program behind npm.
    detached: true,
  });
  let complaints = '';
  program.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  try {
    while (!(await checkIn(port))) {
      if (program.exitCode !== null) throw new Error(`npm start ended:\n${complaints.slice(-2000)}`);
      if (performance.now() - start > 120_000) throw new Error(`npm start did not answer:\n${complaints.slice(-2000)}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    return performance.now() - start;
  } finally {
    await stopGroup(program);
  }
}

async function checkIn(port: number): Promise<boolean> {
  const body = { queueId: 'queue-1', patientName: 'Alex Olsen', consultationType: 'General' };
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/api/waiting-room/check-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await answer.arrayBuffer();
    return answer.status === 201;
  } catch {
    // Nobody listens yet.
    return false;
  }
}

/** Ends the program in order and waits until everybody of its group is gone, the database included. */
async function stopGroup(program: ChildProcess): Promise<void> {
  const { pid } = program;
  if (pid === undefined) return;
  const isThere = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-pid, signal);
    } catch {
      return false;
    }
  };
  isThere('SIGTERM');
  if (program.exitCode === null && program.signalCode === null) await once(program, 'exit');
  const limit = performance.now() + 30_000;
  while (isThere(0) && performance.now() < limit) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port to listen on');
  return address.port;
}
