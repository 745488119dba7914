import { fork, type ChildProcess } from 'node:child_process';
import type { Boundary } from './races.ts';

/** What a child process can be asked to do on a log of its own. */
export type ChildTask =
  | { readonly what: 'race'; readonly boundary: Boundary; readonly racers: number; readonly rounds: number }
  | { readonly what: 'write'; readonly callers: number; readonly each: number }
  | { readonly what: 'commands'; readonly streams: number; readonly each: number };

interface ChildJob {
  readonly url: string;
  readonly task: ChildTask;
}

/**
 * Runs a task in so many processes, all from the same moment on, and returns what each of them answered. Whenever all
 * of them are ready for the next step they are let go together, another one first each time.
 */
export async function inProcesses<Result>(count: number, url: string, task: ChildTask): Promise<Result[]> {
  const job: ChildJob = { url, task };
  const children = Array.from({ length: count }, () =>
    fork(new URL('./store-child.ts', import.meta.url), [JSON.stringify(job)], { execArgv: [] }),
  );
  let steps = 0;
  let ready = 0;
  const step = () => {
    if (++ready < count) return;
    ready = 0;
    steps++;
    children.forEach((_, at) => children[(at + steps) % count]?.send('go'));
  };
  try {
    return await Promise.all(children.map((child) => answerOf<Result>(child, step)));
  } finally {
    for (const child of children) if (child.connected) child.kill();
  }
}

function answerOf<Result>(child: ChildProcess, onReady: () => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: unknown) => {
      if (message === 'ready') {
        onReady();
        return;
      }
      // Sent by store-child.ts, in this shape.
      const { result, error } = message as { result?: Result; error?: string };
      if (result === undefined) reject(new Error(error));
      else resolve(result);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The child process ended with code ${String(code)}.`)));
  });
}

/** The job of a child process, from its command line. */
export function readChildJob(text: string | undefined): ChildJob {
  // Written above, in this shape.
  return JSON.parse(text ?? '') as ChildJob;
}
