import { Type } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Attempts } from '../../access/attempts.ts';
import type { Door } from '../../access/access.ts';
import { demoPrefix, type SignIn } from '../../access/principal.ts';
import { csrfTokenOf, isSameSecret } from '../../access/secrets.ts';
import { MillraceError } from '../../errors.ts';
import { nullable } from '../parameters.ts';
import type { MillraceServer } from '../route-module.ts';
import type { AccessGate } from './access-gate.ts';
import { demoAccounts } from './demo-accounts.ts';
import { cookieIn, cookieName, setCookie } from './identity.ts';
import { ticketContent, ticketLifetimeMs } from './live-tickets.ts';

const tags = ['sign-in'];

const credentialsBody = Type.Object({
  userName: Type.String({ minLength: 1, maxLength: 200 }),
  password: Type.String({ minLength: 1, maxLength: 1_000 }),
});

const rolesList = Type.Array(Type.String());

const signedInAnswer = Type.Object({
  account: Type.Object({
    accountId: Type.String(),
    userName: Type.String(),
    displayName: Type.String(),
    roles: rolesList,
  }),
  csrfToken: Type.String({ description: 'Goes with every request that changes something, as `X-CSRF-Token`.' }),
  expiresAt: nullable(Type.String({ description: 'When it ends if nothing is done.' })),
});

const meAnswer = Type.Object({
  mode: Type.Enum(['demo', 'required']),
  principal: Type.Union([
    Type.Object({
      kind: Type.Enum(['demo', 'account', 'api-key', 'token']),
      id: Type.String(),
      name: Type.String(),
      displayName: Type.String(),
      roles: rolesList,
    }),
    Type.Null(),
  ]),
  csrfToken: nullable(Type.String()),
  expiresAt: nullable(Type.String()),
  demoAccounts: Type.Array(Type.Object({ userName: Type.String(), password: Type.String(), role: Type.String() }), {
    description: 'Of a demonstration; none otherwise.',
  }),
  oidc: Type.Boolean({ description: 'Whether `/api/auth/oidc/start` leads to a provider.' }),
});

const secretAnswer = (name: string) => Type.Object({ [name]: Type.String(), expiresAt: nullable(Type.String()) });

/** Signing in and out, and who one is. */
export function authRoutes(server: MillraceServer, gate: AccessGate): void {
  const { access, settings } = gate;
  const attempts = new Attempts();

  /** Throws AUTH_TOO_MANY_ATTEMPTS. */
  function beginAttempt(userName: string, { ip }: FastifyRequest, reply: FastifyReply) {
    const attempt = attempts.begin(userName, ip);
    if (!('waitMs' in attempt)) return attempt;
    reply.header('retry-after', String(Math.ceil(attempt.waitMs / 1_000)));
    throw new MillraceError('AUTH_TOO_MANY_ATTEMPTS', 'Too many attempts were wrong. Wait, and try again.');
  }

  /** Throws AUTH_TOO_MANY_ATTEMPTS, AUTH_INVALID_CREDENTIALS. */
  async function signIn(
    request: FastifyRequest<{ Body: { userName: string; password: string } }>,
    reply: FastifyReply,
    door: Door,
  ): Promise<SignIn> {
    const { userName, password } = request.body;
    const attempt = beginAttempt(userName, request, reply);
    const demo = demoAccounts(gate).find(
      (account) => account.userName === userName && isSameSecret(account.password, password),
    );
    const signedIn =
      demo === undefined
        ? await access.signIn(userName, password, door, settings.times)
        : await access.signInForDemonstration(demo.role, door, settings.times);
    if (signedIn === undefined) {
      throw new MillraceError('AUTH_INVALID_CREDENTIALS', 'User name and password do not belong together.');
    }
    attempt.succeeded();
    return signedIn;
  }

  server.post(
    '/api/auth/sign-in',
    {
      config: { csrf: false },
      schema: {
        tags,
        summary: 'Sign in on a page',
        description: 'Sets a cookie. A sign-in that came along ends.',
        body: credentialsBody,
        response: { 200: signedInAnswer },
      },
    },
    async (request, reply) => {
      const { token, principal } = await signIn(request, reply, 'cookie');
      await endCookie(request, gate);
      reply.header('set-cookie', setCookie(cookieName, token)).header('cache-control', 'no-store');
      const { id: accountId, name: userName, displayName, roles } = principal;
      return {
        account: { accountId, userName, displayName, roles: [...roles] },
        csrfToken: csrfTokenOf(token),
        expiresAt: isoOrNull(principal.expiresAt),
      };
    },
  );

  server.post(
    '/api/auth/token',
    {
      config: { csrf: false },
      schema: {
        tags,
        summary: 'Sign in as a program',
        description: 'The token goes with requests as `Authorization: Bearer …`.',
        body: credentialsBody,
        response: { 200: secretAnswer('token') },
      },
    },
    async (request, reply) => {
      const { token, principal } = await signIn(request, reply, 'bearer');
      reply.header('cache-control', 'no-store');
      return { token, expiresAt: isoOrNull(principal.expiresAt) };
    },
  );

  server.post(
    '/api/auth/sign-out',
    { schema: { tags, summary: 'End the sign-in that comes along' } },
    async (request, reply) => {
      await endCookie(request, gate);
      const [, token] = /^bearer +(ms_\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
      if (token !== undefined) await access.signOut(token);
      reply.removeHeader('set-cookie');
      return reply.code(204).header('set-cookie', setCookie(cookieName, undefined)).send();
    },
  );

  server.post(
    '/api/auth/password',
    {
      schema: {
        tags,
        summary: 'Change the password of who is signed in',
        description:
          'Asks for the current one, and ends the other sign-ins of the account. Wrong attempts are counted as those to ' +
          'sign in.',
        body: Type.Object({
          currentPassword: Type.String({ minLength: 1, maxLength: 1_000 }),
          newPassword: Type.String({ minLength: 1, maxLength: 1_000, description: '12 to 256 characters.' }),
        }),
      },
    },
    async (request, reply) => {
      const { principal, identity } = request;
      if (principal.kind !== 'account' || principal.id.startsWith(demoPrefix) || identity?.hash === undefined) {
        throw new MillraceError('PASSWORD_ELSEWHERE', 'The password of this sign-in is not kept here.');
      }
      const { currentPassword: current, newPassword: next } = request.body;
      const attempt = beginAttempt(principal.name, request, reply);
      try {
        await access.changeOwnPassword(principal, { current, next }, identity.hash);
      } catch (error) {
        // A new password that is too weak comes after the current one was right.
        if (error instanceof MillraceError && error.code === 'PASSWORD_WEAK') attempt.succeeded();
        throw error;
      }
      attempt.succeeded();
      return reply.code(204).send();
    },
  );

  server.get(
    '/api/auth/me',
    { schema: { tags, summary: 'Who one is', response: { 200: meAnswer } } },
    (request, reply) => {
      reply.header('cache-control', 'no-store');
      const { principal, identity } = request;
      const { kind, id, name, displayName, roles } = principal;
      return {
        mode: settings.mode,
        principal: kind === 'anonymous' ? null : { kind, id, name, displayName, roles: [...roles] },
        csrfToken: identity?.csrfToken ?? null,
        expiresAt: isoOrNull(principal.expiresAt),
        demoAccounts: demoAccounts(gate),
        oidc: gate.provider !== undefined,
      };
    },
  );

  server.post(
    '/api/auth/live-ticket',
    {
      schema: {
        tags,
        summary: 'A ticket that opens one live connection, as `?ticket=`',
        description: 'For clients that can send neither cookie nor header with a WebSocket. Good for 30 seconds.',
        response: { 200: secretAnswer('ticket') },
      },
    },
    async (request) => {
      const { identity } = request;
      if (identity === undefined) throw new MillraceError('AUTH_REQUIRED', 'Sign in first.');
      const { secret, expiresAt } = await access.keepOneUse('pass', ticketContent(identity), ticketLifetimeMs);
      return { ticket: secret, expiresAt: new Date(expiresAt).toISOString() };
    },
  );
}

/** Ends the sign-in whose cookie came along, so that no token outlives the one that takes its place. */
export async function endCookie(request: FastifyRequest, { access }: AccessGate): Promise<void> {
  const before = cookieIn(request.headers, cookieName);
  if (before !== undefined) await access.signOut(before);
}

function isoOrNull(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
