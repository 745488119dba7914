import { clinicAccess } from '../../apps/waiting-room/access.ts';
import { application } from '../../apps/waiting-room/app.ts';
import type { Principal } from '../../src/access/principal.ts';
import type { AccessGate, GuardedRoute } from '../../src/server/access/access-gate.ts';
import { defaultTimes, type AccessSettings } from '../../src/server/access/access-settings.ts';
import { buildServer } from '../../src/server/build-server.ts';
import type { Application } from '../../src/server/index.ts';
import { migrateSystem } from '../../src/migrate-system.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { startSystem } from '../../src/start-system.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

/** Everybody whom the tables tell apart. */
export const everybody = ['anonymous', ...clinicAccess.roles] as const;

/** A question that access control decides: somebody, and what is asked for. */
export interface MatrixCell {
  readonly role: string;
  readonly entry: string;
  readonly allowed: boolean;
}

/**
 * Every cell of a gate's tables: everybody and every route or live view, with whether it is allowed. For tests of every way
 * in: HTTP, live connections, gRPC.
 * @param entriesOf what of a route is named; default its entries
 */
export function matrixOf(gate: AccessGate, entries: readonly string[]): MatrixCell[] {
  return everybody.flatMap((role) =>
    entries.map((entry) => ({ role, entry, allowed: gate.policy.may(principalWith(role), entry) })),
  );
}

/** Somebody with one role. */
export function principalWith(role: string): Principal {
  const kind = role === 'anonymous' ? 'anonymous' : 'api-key';
  const roles = role === 'anonymous' ? [] : [role];
  return { kind, id: role, name: role, displayName: role, roles, expiresAt: undefined };
}

export interface AskAs {
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Record<string, string>;
}

/** The waiting room behind its doors: a real server on databases of its own, and an API key for each role. */
export class GuardedClinic implements AsyncDisposable {
  readonly url: string;
  readonly system: RunningSystem;
  readonly gate: AccessGate;
  readonly urls: { readonly eventStoreUrl: string; readonly readModelsUrl: string };
  readonly #keys: ReadonlyMap<string, string>;
  readonly #ends: readonly (() => Promise<unknown>)[];

  private constructor(
    url: string,
    system: RunningSystem,
    gate: AccessGate,
    urls: GuardedClinic['urls'],
    keys: ReadonlyMap<string, string>,
    ends: readonly (() => Promise<unknown>)[],
  ) {
    this.url = url;
    this.system = system;
    this.gate = gate;
    this.urls = urls;
    this.#keys = keys;
    this.#ends = ends;
  }

  static async start(
    settings: Partial<AccessSettings> = {},
    {
      app = application,
      databases,
      port = 0,
    }: { app?: Application; databases?: readonly [TestDatabase, TestDatabase]; port?: number } = {},
  ): Promise<GuardedClinic> {
    const [events, models] = databases ?? (await Promise.all([createTestDatabase(), createTestDatabase()]));
    const urls = { eventStoreUrl: events.url, readModelsUrl: models.url };
    if (databases === undefined) await migrateSystem(app.system, urls);
    const system = await startSystem(app.system, { ...urls, passwordCost: { log2N: 10, r: 8, p: 1 } });
    const { access } = system;
    if (access === undefined) throw new Error('The system keeps no accounts.');
    const built = await buildServer(app, system, { access: { mode: 'required', times: defaultTimes, ...settings } });
    const { server, feeds } = built;
    await server.listen({ host: '127.0.0.1', port });
    const gate = server.access;
    if (gate === undefined) throw new Error('The server has no access control.');
    const keys = new Map<string, string>();
    for (const role of app.access?.roles ?? []) {
      const { key } = await access.addApiKey({ name: role, roles: [role], expiresAt: undefined }, { actor: 'test' });
      keys.set(role, key);
    }
    const ends = [
      async () => feeds.close(),
      () => server.close(),
      () => system.stop(),
      ...(databases === undefined ? [() => events.drop(), () => models.drop()] : []),
    ];
    const address = server.server.address();
    const taken = typeof address === 'object' ? address?.port : undefined;
    return new GuardedClinic(`http://127.0.0.1:${taken}`, system, gate, urls, keys, ends);
  }

  /** The API key of a role. */
  keyOf(role: string): string {
    const key = this.#keys.get(role);
    if (key === undefined) throw new Error(`There is no role ${role}.`);
    return key;
  }

  headersOf(role: string): Record<string, string> {
    return role === 'anonymous' ? {} : { 'x-api-key': this.keyOf(role) };
  }

  /** The routes that a request can be sent to. */
  get routes(): readonly GuardedRoute[] {
    return this.gate.routes;
  }

  /** Asks, and reads the status and the JSON of the answer. A stream is left as soon as it has begun. */
  async ask(role: string, path: string, { method = 'GET', body, headers = {} }: AskAs = {}) {
    const stop = new AbortController();
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      signal: stop.signal,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.headersOf(role),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const isJson = method !== 'HEAD' && response.headers.get('content-type')?.includes('json') === true;
    const json = isJson ? ((await response.json()) as { [name: string]: unknown }) : {};
    stop.abort();
    return { status: response.status, headers: response.headers, json };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
  }
}
