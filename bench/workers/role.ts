/**
 * One role of the waiting room in a process of its own. Says `ready`; a line `report` on standard input makes it print
 * what it saw as one JSON line, `memory` how much it uses behind a forced collection, `end` stops it.
 */
import { createInterface } from 'node:readline';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import type { Role } from '../../src/running-system.ts';
import { startSystem } from '../../src/start-system.ts';
import { collectedMemory } from '../collected-heap.ts';

/** What a projector saw: each commit of the read model as [position, milliseconds since 1970]. */
export interface RoleReport {
  readonly commits: readonly (readonly [number, number])[];
  readonly logReads: number;
}

const [eventStoreUrl = '', readModelsUrl = '', rabbitmqUrl = '', role = ''] = process.argv.slice(2);
const isRole = (text: string): text is Role => text === 'api' || text === 'relay' || text === 'projector';
if (!isRole(role)) throw new TypeError(`${role} is no role`);

const warn = (message: string): void => void process.stderr.write(`  ${role}: ${message}\n`);
const system = await startSystem(waitingRoom, {
  eventStoreUrl,
  readModelsUrl,
  rabbitmqUrl,
  roles: [role],
  logger: { info: () => undefined, warn, error: warn },
});
const commits: [number, number][] = [];
if (role === 'projector') {
  system.readModels.onChanged((position) => commits.push([position, performance.timeOrigin + performance.now()]));
}
process.stdout.write('ready\n');

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'report') {
    const logReads = (system.consumers?.() ?? []).reduce((sum, consumer) => sum + consumer.logReads, 0);
    const report: RoleReport = { commits: commits.splice(0), logReads };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else if (line === 'memory') {
    // What was noted for a report is no memory of the system.
    commits.length = 0;
    process.stdout.write(`${JSON.stringify(collectedMemory())}\n`);
  } else break;
}
await system.stop();
