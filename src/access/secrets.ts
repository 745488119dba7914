import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a secret is for; the first letters say so, to people who find one and to programs that look for leaked ones. */
const prefixes = { 'sign-in': 'ms_', 'api-key': 'mk_', pass: 'mp_', flow: 'mf_' } as const;
export type SecretKind = keyof typeof prefixes;

const secretBytes = 32;
const rest = /^[A-Za-z0-9_-]{43}$/;

/** A new secret of 256 random bits: `mk_` and 43 characters. */
export function newSecret(kind: SecretKind): string {
  return prefixes[kind] + randomBytes(secretBytes).toString('base64url');
}

/** What kind of secret a text could be; undefined when it is none of ours, and nothing has to be asked about it. */
export function kindOfSecret(text: string): SecretKind | undefined {
  const prefix = text.slice(0, 3);
  if (!rest.test(text.slice(3))) return undefined;
  if (prefix === prefixes['sign-in']) return 'sign-in';
  if (prefix === prefixes['api-key']) return 'api-key';
  if (prefix === prefixes.pass) return 'pass';
  return prefix === prefixes.flow ? 'flow' : undefined;
}

/** What is kept of a secret. 256 random bits cannot be tried out: a plain hash is enough, and it is looked up by it. */
export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** The CSRF token of a sign-in: whoever has it has seen a page that was made for the holder of the cookie. */
export function csrfTokenOf(signInToken: string): string {
  return createHmac('sha256', signInToken).update('millrace csrf').digest('base64url');
}

/** Compares two texts in a time that tells nothing about where they differ. */
export function isSameSecret(one: string, other: string): boolean {
  // Hashes have one length, whatever the texts have.
  return timingSafeEqual(hashOfSecret(one), hashOfSecret(other));
}
