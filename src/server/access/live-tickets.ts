import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Identity } from './identity.ts';

/** How long a ticket may lie about, in milliseconds: it is asked for right before the connection. */
export const ticketLifetimeMs = 30_000;

/** What is kept under a ticket: who the connection is for, and by what it is known whether that one is still signed in. */
const ticketSchema = Compile(
  Type.Object({
    principal: Type.Object({
      kind: Type.Enum(['anonymous', 'demo', 'account', 'api-key', 'token']),
      id: Type.String(),
      name: Type.String(),
      displayName: Type.String(),
      roles: Type.Array(Type.String()),
      expiresAt: Type.Union([Type.Number(), Type.Null()]),
    }),
    hash: Type.Union([Type.String(), Type.Null()]),
    provider: Type.Union([Type.Object({ issuer: Type.String(), subject: Type.String() }), Type.Null()]),
  }),
);

/** What is kept under a ticket of somebody. */
export function ticketContent({ principal, hash, provider }: Identity): object {
  return {
    principal: { ...principal, expiresAt: principal.expiresAt ?? null },
    hash: hash ?? null,
    provider: provider ?? null,
  };
}

/** Who a ticket was for; undefined when there was no such ticket. */
export function readTicket(content: unknown): Identity | undefined {
  if (!ticketSchema.Check(content)) return undefined;
  const { principal, hash, provider } = content;
  return {
    principal: { ...principal, expiresAt: principal.expiresAt ?? undefined },
    from: 'ticket',
    ...(hash === null ? {} : { hash }),
    ...(provider === null ? {} : { provider }),
  };
}
