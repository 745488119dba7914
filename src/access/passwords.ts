import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { MillraceError } from '../errors.ts';

/** What one hash costs: `2 ** log2N` blocks of `128 * r` bytes, `p` times. Kept with each hash. */
export interface PasswordCost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB for each hash that is being made, and three passes over it: the least that OWASP recommends for scrypt. */
export const passwordCost: PasswordCost = { log2N: 15, r: 8, p: 3 };

const saltBytes = 16;
const hashBytes = 32;
/** Each one takes memory and a thread of Node's pool, which files and name look-ups share: so few at once. */
const atOnce = 2;
/** More may wait; beyond, somebody floods us. */
const mostWaiting = 200;

/** `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, both in base64 without padding. */
const written = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,64})\$([A-Za-z0-9+/]{32,128})$/;

let running = 0;
const waiting: (() => void)[] = [];

/** Hashes a password with a salt of its own. Throws QUEUE_FULL. @example const kept = await hashPassword('correct horse battery'); */
export async function hashPassword(password: string, cost: PasswordCost = passwordCost): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, salt, hashBytes, cost);
  return `$scrypt$ln=${cost.log2N},r=${cost.r},p=${cost.p}$${base64(salt)}$${base64(hash)}`;
}

/**
 * Whether a password is the one of a hash. Without a hash (nobody has that name) it takes the same work and the answer is
 * no: how long an answer takes must not tell which names there are.
 */
export async function isPassword(password: string, hash: string | undefined, cost = passwordCost): Promise<boolean> {
  const parts = hash === undefined ? undefined : readHash(hash);
  const { salt, expected, cost: kept } = parts ?? nobody(cost);
  const derived = await derive(password, salt, expected.length, kept);
  return timingSafeEqual(derived, expected) && parts !== undefined;
}

/** Whether a hash was made with other parameters than new ones are. */
export function isOutdated(hash: string, cost: PasswordCost = passwordCost): boolean {
  return !hash.startsWith(`$scrypt$ln=${cost.log2N},r=${cost.r},p=${cost.p}$`);
}

interface KeptHash {
  readonly salt: Buffer;
  readonly expected: Buffer;
  readonly cost: PasswordCost;
}

function readHash(hash: string): KeptHash | undefined {
  const found = written.exec(hash);
  if (found === null) return undefined;
  const [, log2N, r, p, salt = '', expected = ''] = found;
  return {
    salt: Buffer.from(salt, 'base64'),
    expected: Buffer.from(expected, 'base64'),
    cost: { log2N: Number(log2N), r: Number(r), p: Number(p) },
  };
}

function nobody(cost: PasswordCost): KeptHash {
  return { salt: Buffer.alloc(saltBytes), expected: Buffer.alloc(hashBytes), cost };
}

async function derive(password: string, salt: Buffer, length: number, { log2N, r, p }: PasswordCost): Promise<Buffer> {
  if (waiting.length >= mostWaiting) throw new MillraceError('QUEUE_FULL', 'Too many passwords wait to be looked at.');
  if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await new Promise((resolve, reject) => {
      // The same letters may be written in more than one way, depending on the keyboard.
      const options = { N: 2 ** log2N, r, p, maxmem: 256 * 2 ** log2N * r };
      scrypt(password.normalize('NFKC'), salt, length, options, (error, key) =>
        error === null ? resolve(key) : reject(error),
      );
    });
  } finally {
    running--;
    waiting.shift()?.();
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
