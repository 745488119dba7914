import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type pg from 'pg';

/** A lease that is held: its token fences every write that depends on it. */
export interface HeldLease {
  readonly token: number;
}

/** What keeps a lease while its holder works. */
export interface LeaseKeeper {
  readonly lease: HeldLease;
  /**
   * False when somebody else has the lease, or when it was not prolonged for so long that somebody may have it. Asked
   * before every step that only the holder may take: a process that was paused finds out here, before it acts.
   */
  readonly held: boolean;
  /** Stops prolonging it. Does not give it back. */
  stop(): void;
}

const seconds = 3.5;
/** The holder gives up a little before others may take over, in milliseconds. */
const patience = seconds * 1000 - 500;

/**
 * One lease by name. `acquire` is tried again and again by those that stand by; the holder calls `renew` about every
 * second. A holder on this machine whose process is gone is not waited for.
 */
export class Lease {
  readonly #pool: pg.Pool;
  readonly #name: string;
  /** `place/process id/instance` */
  readonly holder: string;

  constructor(pool: pg.Pool, name: string, instance: string) {
    this.#pool = pool;
    this.#name = name;
    this.holder = `${place}/${process.pid}/${instance}`;
  }

  /** Takes the lease when it is free, expired, ours, or its holder is known to be dead. */
  async acquire(): Promise<HeldLease | undefined> {
    const current = await this.#pool.query<{ holder: string; token: string; expired: boolean }>(
      'select holder, token, lease_until < clock_timestamp() as expired from leases where name = $1',
      [this.#name],
    );
    const row = current.rows[0];
    if (row === undefined) {
      const made = await this.#pool.query<{ token: string }>(
        `insert into leases (name, holder, token, lease_until)
         values ($1, $2, 1, clock_timestamp() + $3 * interval '1 second') on conflict do nothing returning token`,
        [this.#name, this.holder, seconds],
      );
      return made.rows[0] === undefined ? undefined : { token: 1 };
    }
    if (!row.expired && row.holder !== this.holder && !isHolderDead(row.holder)) return undefined;
    const taken = await this.#pool.query<{ token: string }>(
      `update leases set holder = $2, token = token + 1, lease_until = clock_timestamp() + $3 * interval '1 second'
       where name = $1 and token = $4 returning token`,
      [this.#name, this.holder, seconds, row.token],
    );
    const token = taken.rows[0]?.token;
    return token === undefined ? undefined : { token: Number(token) };
  }

  get name(): string {
    return this.#name;
  }

  /** Prolongs the lease. False when somebody else has it now. */
  async renew(lease: HeldLease): Promise<boolean> {
    const result = await this.#pool.query(
      `update leases set lease_until = clock_timestamp() + $3 * interval '1 second' where name = $1 and token = $2 and lease_until > '-infinity'`,
      [this.#name, lease.token, seconds],
    );
    return result.rowCount === 1;
  }

  /** Prolongs the lease once a second until it is stopped or lost. `onLost` is called once. */
  keep(lease: HeldLease, callbacks: { onLost?: () => void; onError?: (error: unknown) => void } = {}): LeaseKeeper {
    let renewedAt = performance.now();
    let lost = false;
    const lose = (): void => {
      if (lost) return;
      lost = true;
      clearInterval(timer);
      callbacks.onLost?.();
    };
    const renew = async (askedAt: number): Promise<void> => {
      try {
        if (await this.renew(lease)) renewedAt = askedAt;
        else lose();
      } catch (error) {
        callbacks.onError?.(error);
      }
    };
    const timer = setInterval(() => {
      const askedAt = performance.now();
      if (askedAt - renewedAt > patience) {
        lose();
        return;
      }
      void renew(askedAt);
    }, 1000);
    timer.unref();
    return {
      lease,
      get held() {
        return !lost && performance.now() - renewedAt <= patience;
      },
      stop: () => {
        lost = true;
        clearInterval(timer);
      },
    };
  }

  /** Gives it back, so that the next one need not wait. */
  async release(lease: HeldLease): Promise<void> {
    await this.#pool.query(`update leases set lease_until = '-infinity' where name = $1 and token = $2`, [
      this.#name,
      lease.token,
    ]);
  }
}

/**
 * Where a process id means something: this boot of this kernel and this namespace of process ids. A host's name is not
 * enough, since containers may share one. Elsewhere than on Linux it has to do.
 */
const place = readPlace();

function readPlace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
    return `${hostname()} ${boot} ${namespace}`;
  } catch {
    return hostname();
  }
}

/** Known to be gone: a process of this machine that does not run any more. */
export function isHolderDead(holder: string): boolean {
  const [where, pid] = holder.split('/');
  if (where !== place || pid === undefined) return false;
  if (Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
