import { fastifyCookie } from '@fastify/cookie';
import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '../../access/principal.ts';
import { kindOfSecret } from '../../access/secrets.ts';

/** The cookie of a sign-in. By the prefix, browsers take it over https only, for this host and from no other. */
export const cookieName = '__Host-millrace';

/** What came with a request to say who sends it. Headers go before the cookie. */
export type Credentials =
  | { readonly from: 'nothing' }
  | { readonly from: 'cookie' | 'bearer'; readonly secret: string }
  | { readonly from: 'jwt'; readonly token: string }
  | { readonly from: 'ticket'; readonly ticket: string }
  /** Something that is no credential of any kind. */
  | { readonly from: 'unreadable' };

/** Who sends a request, and how that is known. */
export interface Identity {
  readonly principal: Principal;
  readonly from: Credentials['from'];
  /** Of a sign-in or an API key, in hexadecimal: by it a live connection is asked about again. */
  readonly hash?: string;
  /** Who it is at a provider, for a token of that one. */
  readonly provider?: { readonly issuer: string; readonly subject: string };
  /** Of a sign-in by cookie: what unsafe requests have to bring along. */
  readonly csrfToken?: string;
}

/** @param ticket of a live connection's URL, where one may come */
export function credentialsIn(headers: IncomingHttpHeaders, ticket: unknown): Credentials {
  const { authorization } = headers;
  if (authorization !== undefined) return bearer(authorization);
  const key = headers['x-api-key'];
  if (key !== undefined) {
    const isKey = typeof key === 'string' && kindOfSecret(key) === 'api-key';
    return isKey ? { from: 'bearer', secret: key } : { from: 'unreadable' };
  }
  if (ticket !== undefined) {
    const isTicket = typeof ticket === 'string' && kindOfSecret(ticket) === 'pass';
    return isTicket ? { from: 'ticket', ticket } : { from: 'unreadable' };
  }
  const secret = cookieIn(headers, cookieName);
  return secret === undefined ? { from: 'nothing' } : { from: 'cookie', secret };
}

function bearer(authorization: string): Credentials {
  const [, token] = /^bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization) ?? [];
  if (token === undefined) return { from: 'unreadable' };
  const kind = kindOfSecret(token);
  if (kind === 'sign-in' || kind === 'api-key') return { from: 'bearer', secret: token };
  const isJwt = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(token);
  return isJwt ? { from: 'jwt', token } : { from: 'unreadable' };
}

/** One cookie of a request. */
export function cookieIn({ cookie }: IncomingHttpHeaders, name: string): string | undefined {
  return cookie?.includes(name) === true ? fastifyCookie.parse(cookie)[name] : undefined;
}

/** The header that sets a cookie of this host, or takes it away when there is no value. Gone when the browser is closed. */
export function setCookie(name: string, value: string | undefined): string {
  return fastifyCookie.serialize(name, value ?? '', {
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    ...(value === undefined ? { maxAge: 0 } : {}),
  });
}
