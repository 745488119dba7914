import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { MillraceError } from '../../errors.ts';
import type { MillraceServer } from '../route-module.ts';
import type { AccessGate } from './access-gate.ts';
import { endCookie } from './auth-routes.ts';
import { cookieIn, cookieName, setCookie } from './identity.ts';
import { callbackPath, type Provider } from './provider.ts';

const tags = ['sign-in'];

/** Ties a sign-in under way to the browser that began it. */
const flowCookie = '__Host-millrace-oidc';
/** How long somebody may take at the provider, in milliseconds. */
const flowLifetimeMs = 10 * 60_000;

const flowSchema = Compile(
  Type.Object({ state: Type.String(), nonce: Type.String(), verifier: Type.String(), returnTo: Type.String() }),
);

/** Signing in at a provider: there and back. */
export function oidcRoutes(server: MillraceServer, gate: AccessGate): void {
  const { access, settings } = gate;

  function providerOf(): Provider {
    if (gate.provider !== undefined) return gate.provider;
    throw new MillraceError('ROUTE_NOT_FOUND', 'No provider is set; OIDC_ISSUER names one.');
  }

  server.get(
    '/api/auth/oidc/start',
    {
      schema: {
        tags,
        summary: 'Go to the provider to sign in',
        querystring: Type.Object({
          returnTo: Type.Optional(
            Type.String({ maxLength: 2_000, description: 'Path of this server to come back to; others lead to `/`.' }),
          ),
        }),
      },
    },
    async (request, reply) => {
      const { url, content } = await providerOf().begin();
      const kept = { ...content, returnTo: localPath(request.query.returnTo) };
      const { secret } = await access.keepOneUse('flow', kept, flowLifetimeMs);
      reply.removeHeader('set-cookie');
      reply.header('set-cookie', setCookie(flowCookie, secret)).header('cache-control', 'no-store');
      return reply.redirect(url);
    },
  );

  server.get(
    callbackPath,
    {
      // Whatever the provider adds to what it answers is its matter.
      schema: {
        tags,
        summary: 'Come back from the provider',
        querystring: Type.Object({}, { additionalProperties: true }),
      },
    },
    async (request, reply) => {
      const provider = providerOf();
      const secret = cookieIn(request.headers, flowCookie);
      // Taken before it is looked at: an answer of the provider is good for one attempt, whatever comes of it.
      const flow = secret === undefined ? undefined : await access.takeOneUse('flow', secret);
      reply.removeHeader('set-cookie');
      reply.header('set-cookie', setCookie(flowCookie, undefined)).header('cache-control', 'no-store');
      if (!flowSchema.Check(flow)) {
        throw new MillraceError('AUTH_PROVIDER_REFUSED', 'No sign-in is under way in this browser. Begin anew.');
      }
      const { search } = new URL(request.raw.url ?? '', settings.provider?.publicUrl);
      const identity = await provider.finish(search, flow).catch((error: unknown) => {
        // The person hears that it did not work; why is for who set the provider up. It holds no code and no token.
        const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
        request.log.warn({ why: cause?.message }, 'a sign-in at the provider came to nothing');
        throw error;
      });
      if (identity.roles.length === 0) {
        throw new MillraceError('AUTH_ROLE_FORBIDDEN', 'The provider names no role that there is here.');
      }
      const signedIn = await access.signInByProvider(identity, 'cookie', settings.times);
      if (signedIn === undefined) {
        throw new MillraceError('AUTH_PROVIDER_REFUSED', 'The account was deactivated here.');
      }
      await endCookie(request, gate);
      reply.header('set-cookie', setCookie(cookieName, signedIn.token));
      return reply.redirect(flow.returnTo);
    },
  );
}

/** A path of this server. Whatever a browser could take for another host leads home: `//host`, `/\host`, `https://…`. */
export function localPath(text: string | undefined): string {
  const base = 'http://here.invalid';
  if (text === undefined || !/^\/(?![/\\])/.test(text) || !URL.canParse(text, base)) return '/';
  const url = new URL(text, base);
  const path = url.pathname + url.search + url.hash;
  // What is left after the browser's own reading may begin with two slashes again: `/.//host`.
  return url.origin === base && /^\/(?![/\\])/.test(path) ? path : '/';
}
