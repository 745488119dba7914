import { errorForLog } from '../../telemetry/error-for-log.ts';
import type { FastifyBaseLogger } from 'fastify';
import type { Access, SignInTimes } from '../../access/access.ts';
import type { Identity } from './identity.ts';

/** How often it is asked whether those who listen are still signed in, in milliseconds. */
const everyMs = 3_000;
/** When it could not be asked for so long, connections are ended: nobody knows who may still listen. */
const blindForMs = 30_000;

/** Somebody who listens for long. */
export interface LiveListener {
  /** False from the moment on at which the sign-in is known to have ended. */
  readonly active: boolean;
  /** The connection has ended by itself. */
  stop(): void;
}

interface Watched {
  readonly identity: Identity;
  readonly end: () => void;
  ended: boolean;
}

/**
 * Ends live connections with the sign-in that opened them. What is revoked in this process ends them at once, what is
 * revoked elsewhere or runs out within a few seconds: one query asks about all of them.
 */
export class LiveWatch {
  readonly #access: Access;
  readonly #times: SignInTimes;
  readonly #log: FastifyBaseLogger;
  readonly #watched = new Set<Watched>();
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #again = false;
  #askedAt = performance.now();

  constructor(access: Access, times: SignInTimes, log: FastifyBaseLogger) {
    this.#access = access;
    this.#times = times;
    this.#log = log;
    this.#stopListening = access.onRevoked(() => void this.#look());
  }

  /** @param end called once, when the sign-in has ended before the connection did */
  watch(identity: Identity, end: () => void): LiveListener {
    const watched: Watched = { identity, end, ended: false };
    if (needsWatching(identity)) {
      if (this.#watched.size === 0) this.#askedAt = performance.now();
      this.#watched.add(watched);
      this.#timer ??= setInterval(() => void this.#look(), everyMs).unref();
    }
    return {
      get active() {
        return !watched.ended && !hasRunOut(identity);
      },
      stop: () => void this.#watched.delete(watched),
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stopListening();
    this.#watched.clear();
  }

  /** One look at a time; what comes meanwhile makes one more. */
  async #look(): Promise<void> {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#again && this.#watched.size > 0) {
      this.#again = false;
      await this.#ask();
    }
    this.#looking = false;
  }

  async #ask(): Promise<void> {
    const all = [...this.#watched];
    try {
      const hashes = new Set(all.flatMap(({ identity }) => identity.hash ?? []));
      const ended = await this.#access.whichEnded([...hashes], this.#times);
      for (const watched of all) {
        const { hash, provider } = watched.identity;
        const isRefused = provider !== undefined && (await this.#access.isRefused(provider.issuer, provider.subject));
        if (isRefused || hasRunOut(watched.identity) || (hash !== undefined && ended.has(hash))) this.#end(watched);
      }
      this.#askedAt = performance.now();
    } catch (error) {
      this.#log.warn({ err: errorForLog(error) }, 'it could not be asked who is still signed in');
      if (performance.now() - this.#askedAt > blindForMs) for (const watched of all) this.#end(watched);
    }
  }

  #end(watched: Watched): void {
    if (!this.#watched.delete(watched)) return;
    watched.ended = true;
    watched.end();
  }
}

/** A visitor of a demonstration has nothing that could end. */
function needsWatching({ hash, provider }: Identity): boolean {
  return hash !== undefined || provider !== undefined;
}

/** A provider's token ends by itself. The end of a sign-in is put off by its use, which the database knows. */
function hasRunOut({ provider, principal }: Identity): boolean {
  return provider !== undefined && principal.expiresAt !== undefined && principal.expiresAt <= Date.now();
}
