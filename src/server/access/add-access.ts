import { errorForLog } from '../../telemetry/error-for-log.ts';
import { fastifyCookie } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Policy, type AccessDefinition } from '../../access/policy.ts';
import { actorOf, anonymous, type Principal } from '../../access/principal.ts';
import { MillraceError } from '../../errors.ts';
import type { RunningSystem } from '../../running-system.ts';
import type { MillraceServer } from '../route-module.ts';
import { AccessGate } from './access-gate.ts';
import type { AccessSettings } from './access-settings.ts';
import { cookieName, setCookie, type Identity } from './identity.ts';
import { LiveWatch } from './live-watch.ts';
import type { Provider } from './provider.ts';
import { platformPermissions } from './platform-permissions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends it. Without access control: `anonymous`. */
    principal: Principal;
    /** How that is known. */
    identity: Identity | undefined;
  }
  interface FastifyInstance {
    /** Undefined when the application does not say who may use it. */
    access: AccessGate | undefined;
  }
}

/** For applications without access control: everybody is anonymous and may do everything. */
export function addNoAccess(server: MillraceServer): undefined {
  server.decorate('access', undefined);
  server.decorateRequest('principal');
  server.decorateRequest('identity', undefined);
  server.addHook('onRequest', (request, _reply, done) => {
    request.principal = anonymous;
    done();
  });
}

/**
 * Closes the server: every request is looked at before anything else is done for it, and every route that is added from
 * now on needs an entry in the tables. Throws DEFINITION_INVALID.
 */
export async function addAccess(
  server: MillraceServer,
  system: RunningSystem,
  definition: AccessDefinition,
  settings: AccessSettings,
): Promise<AccessGate> {
  const { access } = system;
  if (access === undefined) {
    throw new MillraceError(
      'DEFINITION_INVALID',
      'The application has access control, and the system keeps no accounts.',
    );
  }
  // It brings how cookies are read and written; they are read by the gate, and only where there is one of ours.
  await server.register(fastifyCookie, { hook: false });
  const provider = await providerFor(settings, definition);
  const live = new LiveWatch(access, settings.times, server.log);
  const gate = new AccessGate(new Policy(definition, platformPermissions), access, settings, provider, live);
  server.decorate('access', gate);
  server.decorateRequest('principal');
  server.decorateRequest('identity', undefined);
  server.addHook('onRoute', (route) => gate.addRoute(route));
  server.addHook('onRequest', (request, reply, done) => {
    // Nothing is there that could be refused, and the answer says so to everybody.
    if (request.is404) {
      request.principal = anonymous;
      done();
      return;
    }
    const admit = (identity: Identity) => {
      introduce(request, reply, identity);
      gate.admit(request, identity);
    };
    // Not as a promise when it is known already: most requests wait for nothing here.
    const identity = gate.identify(request);
    if (!(identity instanceof Promise)) {
      attempt(() => admit(identity), done);
      return;
    }
    identity.then((found) => attempt(() => admit(found), done), done);
  });
  const housekeeping = setInterval(() => {
    access.prune(settings.times).catch((error: unknown) => {
      server.log.warn({ err: errorForLog(error) }, 'sign-ins that are over could not be taken away');
    });
  }, 60_000);
  housekeeping.unref();
  server.addHook('onClose', () => {
    clearInterval(housekeeping);
    live.close();
  });
  return gate;
}

/** Loaded when there is one: most installations have none, and starts stay fast. */
async function providerFor({ provider }: AccessSettings, { roles }: AccessDefinition): Promise<Provider | undefined> {
  if (provider === undefined) return undefined;
  const { OidcProvider } = await import('./oidc-provider.ts');
  return new OidcProvider(provider, roles);
}

function introduce(request: FastifyRequest, reply: FastifyReply, identity: Identity): void {
  const { principal, from } = identity;
  request.principal = principal;
  request.identity = identity;
  request.context = { ...request.context, actor: actorOf(principal) };
  // Answers of somebody are for nobody else's eyes, and not for the disk of a shared computer.
  if (request.routeOptions.config.permission !== 'public') reply.header('cache-control', 'no-store');
  // A cookie of nobody would be refused again and again; pages come without one then.
  const { csrf } = request.routeOptions.config;
  if (from === 'cookie' && principal.kind === 'anonymous' && csrf !== false) {
    reply.header('set-cookie', setCookie(cookieName, undefined));
  }
}

function attempt(work: () => void, done: (error?: Error) => void): void {
  try {
    work();
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  done();
}
