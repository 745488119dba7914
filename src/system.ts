import type { AnyEventDefinition } from './events/definition.ts';
import type { LogNames } from './postgres/log-names.ts';
import type { ProjectionDefinition } from './projections/definition.ts';
import { MillraceError } from './errors.ts';

/** Everything that Millrace has to know of an application. */
export interface SystemDefinition {
  /** `order-list`: names the log, metrics and logs. */
  readonly name: string;
  readonly events: readonly AnyEventDefinition[];
  readonly tables: LogNames;
  /** The two databases that the embedded server makes. */
  readonly databases: { readonly eventStore: string; readonly readModels: string };
  /** The first one is the primary projection: the lag ledger follows it. */
  readonly projections: readonly ProjectionDefinition[];
}

/** Defines a system: the one value that binds events, projections and names together. */
export function defineSystem(options: SystemDefinition): SystemDefinition {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(options.name)) {
    throw new MillraceError('DEFINITION_INVALID', 'A system name is lower case letters, digits and dashes.');
  }
  if (options.projections.length === 0) {
    throw new MillraceError('DEFINITION_INVALID', `System ${options.name} has no projection.`);
  }
  const ids = options.projections.map((projection) => projection.id);
  if (new Set(ids).size !== ids.length) {
    throw new MillraceError('DEFINITION_INVALID', `System ${options.name} has two projections of the same id.`);
  }
  return options;
}
