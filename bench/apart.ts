import { waitingRoom } from '../apps/waiting-room/system.ts';
import type { RunningSystem } from '../src/running-system.ts';
import { startSystem } from '../src/start-system.ts';
import { prepareSystem, type SystemUrls } from './bench-system.ts';
import { collectedMemory, type Memory } from './collected-heap.ts';
import type { PartContext } from './part.ts';
import { Worker } from './worker.ts';
import type { RoleReport } from './workers/role.ts';

/** The waiting room as it runs in production: the api in this process, relay and projector in processes of their own. */
export interface Apart {
  readonly system: RunningSystem;
  readonly urls: SystemUrls;
  startRelay(): Promise<void>;
  stopRelay(): Promise<void>;
  /** What the projector saw since the last report. */
  projectorReport(): Promise<RoleReport>;
  /** What each process uses behind a forced collection, by role. */
  memory(): Promise<ReadonlyMap<string, Memory>>;
  stop(): Promise<void>;
}

export async function startApart(context: PartContext, name: string, rabbitmqUrl: string): Promise<Apart> {
  const urls = await prepareSystem(context, waitingRoom, name);
  const { eventStoreUrl, readModelsUrl } = urls;
  const start = async (role: string): Promise<Worker> => {
    const worker = new Worker('role.ts', [eventStoreUrl, readModelsUrl, rabbitmqUrl, role]);
    await worker.nextLine();
    return worker;
  };
  const end = async (worker: Worker | undefined): Promise<void> => {
    worker?.say('end');
    await worker?.ended();
  };
  const warn = (message: string): void => context.progress(`  api: ${message}`);
  const logger = { info: () => undefined, warn, error: warn };
  const system = await startSystem(waitingRoom, { ...urls, rabbitmqUrl, roles: ['api'], logger });
  const projector = await start('projector');
  let relay: Worker | undefined = await start('relay');
  return {
    system,
    urls,
    startRelay: async () => {
      relay ??= await start('relay');
    },
    stopRelay: async () => {
      await end(relay);
      relay = undefined;
    },
    projectorReport: async () => {
      projector.say('report');
      // Printed by role.ts, in this shape.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return JSON.parse(await projector.nextLine()) as RoleReport;
    },
    memory: async () => {
      const memory = new Map<string, Memory>([['api', collectedMemory()]]);
      for (const [role, worker] of [
        ['relay', relay],
        ['projector', projector],
      ] as const) {
        if (worker === undefined) continue;
        worker.say('memory');
        // Printed by role.ts, in this shape.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        memory.set(role, JSON.parse(await worker.nextLine()) as Memory);
      }
      return memory;
    },
    stop: async () => {
      await Promise.all([end(relay), end(projector)]);
      await system.stop();
    },
  };
}
