import { migrateSystem } from '../src/migrate-system.ts';
import type { Role, RunningSystem } from '../src/running-system.ts';
import { startSystem } from '../src/start-system.ts';
import type { SystemDefinition } from '../src/system.ts';
import type { PartContext } from './part.ts';

/** Where a system's two databases are. */
export interface SystemUrls {
  readonly eventStoreUrl: string;
  readonly readModelsUrl: string;
}

/** Makes two empty databases and prepares them. */
export async function prepareSystem(
  context: PartContext,
  definition: SystemDefinition,
  name: string,
): Promise<SystemUrls> {
  const urls = {
    eventStoreUrl: await context.freshDatabase(`${name}_events`),
    readModelsUrl: await context.freshDatabase(`${name}_read_models`),
  };
  await migrateSystem(definition, urls);
  return urls;
}

/** Starts a system on fresh databases in this process. */
export async function startBenchSystem(
  context: PartContext,
  definition: SystemDefinition,
  name: string,
  roles?: readonly Role[],
): Promise<{ readonly system: RunningSystem; readonly urls: SystemUrls }> {
  const urls = await prepareSystem(context, definition, name);
  const warn = (message: string): void => context.progress(`  ${message}`);
  const logger = { info: () => undefined, warn, error: warn };
  const system = await startSystem(definition, { ...urls, logger, ...(roles === undefined ? {} : { roles }) });
  return { system, urls };
}

/** Waits until the read model has reached what the log holds. Throws after `seconds`. */
export async function untilCaughtUp(system: RunningSystem, seconds = 120): Promise<number> {
  const { position } = await system.log.head();
  const limit = performance.now() + seconds * 1000;
  while ((await system.readModels.position()) < position) {
    if (performance.now() > limit) throw new Error(`the read model did not reach position ${position}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  return position;
}
