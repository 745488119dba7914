import type { Settings } from '../../config.ts';
import type { Role } from '../../running-system.ts';
import { startTracing } from '../../telemetry/start-tracing.ts';
import type { RunningTracing } from '../../tracing.ts';
import { packageVersion } from '../package-version.ts';

const rolesOfAll = 3;

/** What looks at a process, when it is to be looked at. */
export async function tracingFor(
  { tracing: { endpoint, service, sampler, ratio } }: Settings,
  system: string,
  roles: readonly Role[],
): Promise<RunningTracing | undefined> {
  if (endpoint === undefined) return undefined;
  return startTracing({
    endpoint,
    service: service ?? serviceName(system, roles),
    version: packageVersion(),
    sampler,
    ratio,
  });
}

/** `shop` for a process that does everything, `shop-relay` for one that does not. */
export function serviceName(system: string, roles: readonly Role[]): string {
  return roles.length === rolesOfAll ? system : [system, ...roles].join('-');
}
