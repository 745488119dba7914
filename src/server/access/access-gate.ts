import type { FastifyRequest, RouteOptions } from 'fastify';
import type { Access } from '../../access/access.ts';
import { mayUse, type Permission, type Policy } from '../../access/policy.ts';
import { anonymous, demoPrefix, type Principal } from '../../access/principal.ts';
import { csrfTokenOf, hashOfSecret, isSameSecret } from '../../access/secrets.ts';
import { isLoopback } from '../../config.ts';
import { MillraceError } from '../../errors.ts';
import type { LiveFeedDefinition } from '../live-feed.ts';
import type { AccessSettings } from './access-settings.ts';
import { credentialsIn, type Credentials, type Identity } from './identity.ts';
import { readTicket } from './live-tickets.ts';
import type { LiveWatch } from './live-watch.ts';
import type { Provider } from './provider.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route; worked out when it is added. */
    permission?: Permission | undefined;
    /** The live feed whose door the route is: open to who may see one of its views. */
    feed?: LiveFeedDefinition;
    /** `false` where a cookie that comes along gives no right and is replaced. */
    csrf?: false;
  }
}

/** A route as the tables name it. */
export interface GuardedRoute {
  readonly method: string;
  readonly url: string;
  /** The entries of which one is enough. */
  readonly entries: readonly string[];
  readonly permission: Permission | undefined;
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Says of each request who sends it, and whether that one may. What it does not know, it refuses. */
export class AccessGate {
  readonly policy: Policy;
  readonly access: Access;
  readonly settings: AccessSettings;
  readonly provider: Provider | undefined;
  readonly live: LiveWatch;
  readonly #demo: Principal;
  readonly #routes: GuardedRoute[] = [];
  #publicPages = false;

  constructor(
    policy: Policy,
    access: Access,
    settings: AccessSettings,
    provider: Provider | undefined,
    live: LiveWatch,
  ) {
    this.policy = policy;
    this.access = access;
    this.settings = settings;
    this.provider = provider;
    this.live = live;
    const { roles } = policy.definition;
    this.#demo = { kind: 'demo', id: 'demo', name: 'demo', displayName: 'demo', roles, expiresAt: undefined };
  }

  /** Every route that was added, with who may use it. */
  get routes(): readonly GuardedRoute[] {
    return this.#routes;
  }

  /** Pages and their files, which hold nothing of anybody: routes that are added meanwhile are open to all. */
  async whilePublic(add: () => Promise<void>): Promise<void> {
    this.#publicPages = true;
    try {
      await add();
    } finally {
      this.#publicPages = false;
    }
  }

  /** Called for each route that is added. */
  addRoute(route: RouteOptions & { readonly routePath?: string }): void {
    const { url, method } = route;
    const [first = ''] = typeof method === 'string' ? [method] : method;
    const { feed } = route.config ?? {};
    const entries = feed === undefined ? [`${first === 'HEAD' ? 'GET' : first} ${url}`] : viewsOf(feed);
    const permission = this.#publicPages ? 'public' : this.#permissionOf(entries);
    route.config = { ...route.config, permission };
    this.#routes.push({ method: first, url, entries: this.#publicPages ? [] : entries, permission });
  }

  /** Throws DEFINITION_INVALID when a route or a live view has no entry in the tables, or an entry no route. */
  assertComplete(feeds: readonly LiveFeedDefinition[]): void {
    const entries = [...this.#routes.flatMap((route) => route.entries), ...feeds.flatMap(viewsOf)];
    this.policy.assertComplete(new Set(entries));
  }

  /** Who sends a request. Without a query, and not as a promise, when it is known already. */
  identify(request: FastifyRequest): Identity | Promise<Identity> {
    const ticket = request.routeOptions.config.live === true ? ticketIn(request.query) : undefined;
    return this.#holderOf(credentialsIn(request.headers, ticket));
  }

  /**
   * Who comes by another door than HTTP, with the same headers; throws AUTH_INVALID_CREDENTIALS when they are of nobody (any
   * more). Whether that one may is asked of the policy.
   */
  async authenticate(headers: { readonly authorization?: string; readonly 'x-api-key'?: string }): Promise<Identity> {
    const identity = await this.#holderOf(credentialsIn(headers, undefined));
    if (identity.principal.kind === 'anonymous' && identity.from !== 'nothing') throw invalidCredentials();
    return identity;
  }

  #holderOf(credentials: Credentials): Identity | Promise<Identity> {
    if (credentials.from === 'nothing') return this.#visitor;
    if (credentials.from === 'cookie' || credentials.from === 'bearer') {
      const known = this.access.known(credentials.secret, credentials.from);
      if (known !== undefined) return this.#checked(signedIn(known, credentials));
    }
    return this.#find(credentials).then((identity) => this.#checked(identity));
  }

  /** Throws AUTH_REQUIRED, AUTH_INVALID_CREDENTIALS, AUTH_ROLE_FORBIDDEN, CSRF_REFUSED, ORIGIN_REFUSED. */
  admit(request: FastifyRequest, identity: Identity): void {
    const { principal, from } = identity;
    const { config } = request.routeOptions;
    if (config.permission !== 'public' && principal.kind === 'anonymous') {
      if (from === 'nothing' || from === 'cookie') throw new MillraceError('AUTH_REQUIRED', 'Sign in first.');
      throw invalidCredentials();
    }
    if (!safeMethods.has(request.method) && (from === 'cookie' || from === 'nothing')) {
      checkOrigin(request.headers);
      if (identity.csrfToken !== undefined && config.csrf !== false) checkCsrf(request, identity.csrfToken);
    }
    if (principal.kind === 'demo' && config.permission !== 'public') this.#checkHost(request.headers.host);
    if (!mayUse(principal, config.permission)) {
      throw new MillraceError('AUTH_ROLE_FORBIDDEN', 'Your roles do not allow this.');
    }
  }

  #checkHost(host: string | undefined): void {
    if (this.settings.thisMachineOnly !== true || host === undefined) return;
    if (URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname)) return;
    throw new MillraceError(
      'ORIGIN_REFUSED',
      'A demonstration is for this machine; ACCESS_MODE=demo opens it to others.',
    );
  }

  /** Who comes without credentials. */
  get #visitor(): Identity {
    return { principal: this.settings.mode === 'demo' ? this.#demo : anonymous, from: 'nothing' };
  }

  /** A demonstration may have left sign-ins in the same database; nobody else knows of its accounts. */
  #checked(identity: Identity): Identity {
    const { kind, id } = identity.principal;
    const isOfDemonstration = kind === 'demo' || (kind === 'account' && id.startsWith(demoPrefix));
    return isOfDemonstration && this.settings.mode !== 'demo' ? nobody(identity.from) : identity;
  }

  async #find(credentials: Credentials): Promise<Identity> {
    const { access, settings } = this;
    switch (credentials.from) {
      case 'nothing':
        return this.#visitor;
      case 'unreadable':
        return nobody('unreadable');
      case 'cookie':
      case 'bearer': {
        const principal = await access.principalOf(credentials.secret, credentials.from, settings.times);
        if (principal === undefined) return nobody(credentials.from);
        return signedIn(principal, credentials);
      }
      case 'jwt': {
        const holder = await this.provider?.holderOf(credentials.token);
        if (holder === undefined) return nobody('jwt');
        const { principal, issuer, subject } = holder;
        const isRefused = await access.isRefused(issuer, subject);
        return isRefused ? nobody('jwt') : { principal, from: 'jwt', provider: { issuer, subject } };
      }
      case 'ticket': {
        const identity = readTicket(await access.takeOneUse('pass', credentials.ticket));
        const isOver =
          identity?.hash !== undefined && (await access.whichEnded([identity.hash], settings.times)).size > 0;
        return identity === undefined || isOver ? nobody('ticket') : identity;
      }
    }
  }

  #permissionOf(entries: readonly string[]): Permission | undefined {
    const permissions = entries.map((entry) => this.policy.permissionOf(entry));
    if (permissions.includes('public')) return 'public';
    if (permissions.includes('signed-in')) return 'signed-in';
    const roles = permissions.filter((one) => one !== undefined).flat();
    return permissions.some((one) => one !== undefined) ? [...new Set(roles)] : undefined;
  }
}

/** The entries of a feed's views. */
export function viewsOf({ name, views }: LiveFeedDefinition): string[] {
  return views.map((view) => `feed:${name}/${view.name}`);
}

function signedIn(principal: Principal, credentials: Credentials & { readonly secret: string }): Identity {
  const { from, secret } = credentials;
  const hash = hashOfSecret(secret).toString('hex');
  return { principal, from, hash, ...(from === 'cookie' ? { csrfToken: csrfTokenOf(secret) } : {}) };
}

function nobody(from: Credentials['from']): Identity {
  return { principal: anonymous, from };
}

function ticketIn(query: unknown): unknown {
  return typeof query === 'object' && query !== null && 'ticket' in query ? query.ticket : undefined;
}

function invalidCredentials(): MillraceError {
  return new MillraceError('AUTH_INVALID_CREDENTIALS', 'The credentials are of nobody, or their time is over.');
}

/** A page of another host must not act with the rights of who is looking at it. Programs send no origin. */
export function checkOrigin({ origin, host }: FastifyRequest['headers']): void {
  if (origin === undefined || hostOf(origin) === host?.toLowerCase()) return;
  throw new MillraceError('ORIGIN_REFUSED', 'A page of another host may not do this.');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function checkCsrf(request: FastifyRequest, expected: string): void {
  const given = request.headers['x-csrf-token'];
  if (typeof given === 'string' && isSameSecret(given, expected)) return;
  throw new MillraceError('CSRF_REFUSED', 'Send the CSRF token of the sign-in as X-CSRF-Token.');
}
