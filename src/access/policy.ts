import { MillraceError } from '../errors.ts';
import type { Principal } from './principal.ts';

/** Who may: those with one of some roles, whoever has said who it is, or everybody. */
export type Permission = readonly string[] | 'signed-in' | 'public';

/**
 * Who may use what. The names of entries:
 *
 * - `POST /api/carts/:cartId`: a method and the path of a route as it was added; HEAD goes with GET.
 * - `feed:carts/lines`: a view of a live feed. Its two doors are open to whoever may see one of its views.
 */
export interface Permissions {
  readonly [entry: string]: Permission;
}

/** What an application says about who may use it. One table, for all of its routes and live views. */
export interface AccessDefinition {
  /** Every role there is. */
  readonly roles: readonly string[];
  /** Those that see figures of the platform: lag, projections. Ids and types of events, nothing that was recorded. */
  readonly observers: readonly string[];
  /** Those that run the platform: dead letters, rebuilds, events, operations. */
  readonly operators: readonly string[];
  /** Those that keep accounts and API keys. */
  readonly administrators: readonly string[];
  /** A route or a live view without an entry refuses the start, and so does an entry without a route or view. */
  readonly permissions: Permissions;
}

/** Entries of the platform, which knows no role of an application. */
export interface PlatformPermissions {
  readonly [entry: string]: 'observers' | 'operators' | 'administrators' | 'signed-in' | 'public';
}

/** The tables of the platform and of an application as one. */
export class Policy {
  readonly definition: AccessDefinition;
  readonly #permissions: ReadonlyMap<string, Permission>;

  /** Throws DEFINITION_INVALID when an entry names a role that there is not, or one of the platform's. */
  constructor(definition: AccessDefinition, platform: PlatformPermissions) {
    this.definition = definition;
    const permissions = new Map<string, Permission>();
    for (const [entry, group] of Object.entries(platform)) {
      permissions.set(entry, group === 'signed-in' || group === 'public' ? group : definition[group]);
    }
    for (const [entry, permission] of Object.entries(definition.permissions)) {
      if (permissions.has(entry)) throw invalid(`the platform says who may use ${entry}`);
      permissions.set(entry, permission);
    }
    for (const [entry, permission] of permissions) {
      const unknown =
        typeof permission === 'string' ? [] : permission.filter((role) => !definition.roles.includes(role));
      if (unknown.length > 0) throw invalid(`${entry} names a role that there is not: ${unknown.join(', ')}`);
    }
    this.#permissions = permissions;
  }

  /** Undefined for what the table does not name: nobody may. */
  permissionOf(entry: string): Permission | undefined {
    return this.#permissions.get(entry);
  }

  may(principal: Principal, entry: string): boolean {
    return mayUse(principal, this.#permissions.get(entry));
  }

  /**
   * Throws DEFINITION_INVALID naming what is there and has no entry, and entries of which nothing is there.
   * @param entries names of all routes and live views that there are
   */
  assertComplete(entries: ReadonlySet<string>): void {
    const missing = [...entries].filter((entry) => !this.#permissions.has(entry));
    const unused = Object.keys(this.definition.permissions).filter((entry) => !entries.has(entry));
    const problems = [
      ...(missing.length === 0 ? [] : [`nobody is said to be allowed to use ${missing.join(', ')}`]),
      ...(unused.length === 0 ? [] : [`there is no ${unused.join(', no ')}`]),
    ];
    if (problems.length > 0) throw invalid(problems.join('; '));
  }
}

/** Whether somebody is among those whom a permission is for. */
export function mayUse(principal: Principal, permission: Permission | undefined): boolean {
  if (permission === undefined) return false;
  if (permission === 'public') return true;
  if (principal.kind === 'anonymous') return false;
  if (permission === 'signed-in') return true;
  return permission.some((role) => principal.roles.includes(role));
}

function invalid(problem: string): MillraceError {
  return new MillraceError('DEFINITION_INVALID', `The access table: ${problem}.`);
}
