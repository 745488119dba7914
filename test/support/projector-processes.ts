import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ExampleDatabases } from './example-databases.ts';

/** Starts processes with the role projector, each event taking so many microseconds; they end with the databases. */
export async function projectors(
  databases: ExampleDatabases,
  count: number,
  microseconds = 0,
): Promise<readonly ChildProcess[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const given = [databases.eventStoreUrl, databases.readModelsUrl, String(microseconds)];
      const child = fork(new URL('./projector-child.ts', import.meta.url), given, { execArgv: [] });
      databases.onEnd(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const end = once(child, 'exit');
        child.disconnect();
        await end;
      });
      await once(child, 'message');
      return child;
    }),
  );
}
