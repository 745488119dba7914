import { LRUCache } from 'lru-cache';

/** How many wrong attempts there may be in a while. */
const windowMs = 5 * 60_000;
/** For one name from one address: a person who mistypes needs fewer. */
const mostTogether = 5;
/** From one address, whatever the names: the desks of an office may share one. */
const mostOfAddress = 50;
/** For one name from all addresses: so that many addresses do not help. High, since it lets others lock somebody out. */
const mostOfName = 100;
const mostKept = 20_000;

interface Count {
  attempts: number;
  readonly until: number;
}

/**
 * Wrong attempts to sign in, counted in this process by name and address. Several processes count each for itself, and a
 * start forgets: this makes guessing slow, and does not keep a record.
 */
export class Attempts {
  readonly #counts = new LRUCache<string, Count>({ max: mostKept, ttl: windowMs });
  readonly #now: () => number;

  /** @param now milliseconds, for tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Counts an attempt before its password is looked at, so that many at once do not slip through.
   * @returns how to take it back, since it was right; or how many milliseconds to wait
   */
  begin(userName: string, address: string): { readonly succeeded: () => void } | { readonly waitMs: number } {
    const name = userName.normalize('NFKC').trim().toLowerCase().slice(0, 200);
    const from = networkOf(address);
    const limits: readonly [key: string, most: number][] = [
      [`both ${from} ${name}`, mostTogether],
      [`address ${from}`, mostOfAddress],
      [`name ${name}`, mostOfName],
    ];
    const now = this.#now();
    const counts = limits.map(([key, most]) => ({ key, count: this.#count(key, now), most }));
    const full = counts.filter(({ count, most }) => count.attempts >= most);
    if (full.length > 0) return { waitMs: Math.max(...full.map(({ count }) => count.until - now)) };
    // What was refused is not kept: otherwise it could push out the counts of others.
    for (const { key, count } of counts) {
      count.attempts++;
      this.#counts.set(key, count);
    }
    return {
      succeeded: () => {
        for (const { count } of counts) count.attempts = Math.max(0, count.attempts - 1);
        // Who knows the password and mistyped it before starts anew.
        const [together] = counts;
        if (together !== undefined) together.count.attempts = 0;
      },
    };
  }

  #count(key: string, now: number): Count {
    const known = this.#counts.get(key);
    if (known !== undefined && known.until > now) return known;
    return { attempts: 0, until: now + windowMs };
  }
}

/** Whoever has one IPv6 address has 2^64 of them: they count as one. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain;
  const [start = '', end = ''] = plain.split('::');
  const groups = start.split(':').filter((group) => group !== '');
  const left = plain.includes('::') ? 8 - end.split(':').filter((group) => group !== '').length - groups.length : 0;
  return [...groups, ...Array.from({ length: Math.max(0, left) }, () => '0')].slice(0, 4).join(':');
}
