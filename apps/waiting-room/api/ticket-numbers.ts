import type { RunningSystem } from '#millrace';
import { ticketTag } from '../domain/names.ts';
import { numberOn, ticketOf } from '../domain/ticket.ts';
import { siteDay, type SiteHours } from '../domain/zone-time.ts';
import type { KnownQueue } from './known-queues.ts';

/** A ticket to try a check-in with. */
export interface TakenTicket {
  readonly siteId: string;
  readonly day: string;
  readonly ticket: string;
  readonly firstOfDay: boolean;
  readonly number: number;
  readonly series: Series;
}

/** The numbers of one site, day and prefix, as far as this process knows. */
interface Series {
  /** The highest that was given here or found in the log; undefined until the log was asked. */
  last: number;
  /** Given and not used, because the check-in was refused. In ascending order. */
  readonly free: number[];
  /** The queues of which this process knows a check-in on that day. */
  readonly queues: Set<string>;
  readonly ready: Promise<void>;
}

/** More tickets than anybody gives on a day. */
const most = 2 ** 20;
/** Numbers that one question asks for. */
const probes = 32;

/**
 * Gives the numbers on tickets: counted in memory, so that a check-in asks nobody. What the log holds already is looked
 * up when a series is first needed, and again after a lost race. Two processes may think of the same number; the guard of
 * the check-in lets one of them have it.
 */
export class TicketNumbers {
  readonly #log: Pick<RunningSystem['log'], 'query' | 'onIncarnationChanged'>;
  readonly #series = new Map<string, Series>();
  readonly #days = new Map<string, { readonly day: string; readonly until: number }>();
  readonly #stop: () => void;

  constructor(log: Pick<RunningSystem['log'], 'query' | 'onIncarnationChanged'>) {
    this.#log = log;
    this.#stop = log.onIncarnationChanged(() => this.#series.clear());
  }

  stop(): void {
    this.#stop();
  }

  /** The next ticket of a queue, at a moment by the site's clock. */
  async take(
    queueId: string,
    { siteId, ticketPrefix }: Pick<KnownQueue, 'siteId' | 'ticketPrefix'>,
    hours: SiteHours,
    now: number,
  ): Promise<TakenTicket> {
    const day = this.#dayOf(siteId, hours, now);
    const series = this.#seriesOf(siteId, day, ticketPrefix);
    await series.ready;
    const number = series.free.shift() ?? ++series.last;
    const firstOfDay = !series.queues.has(queueId);
    return { siteId, day, ticket: ticketOf(ticketPrefix, number), firstOfDay, number, series };
  }

  /** The check-in was stored: the queue is known on that day. */
  used({ series }: TakenTicket, queueId: string): void {
    series.queues.add(queueId);
  }

  /** The check-in was refused: the next one gets the number. */
  giveBack({ series, number }: TakenTicket): void {
    const { free } = series;
    const place = free.findIndex((other) => other > number);
    free.splice(place === -1 ? free.length : place, 0, number);
  }

  /** Somebody else may have the number: looks how far the log is. */
  async lost({ siteId, day, ticket, series }: TakenTicket): Promise<void> {
    const prefix = ticket.slice(0, ticket.lastIndexOf('-'));
    const before = series.last;
    const found = await this.#lastInLog(siteId, day, prefix, before);
    // Others of this process may have looked meanwhile, and given numbers since.
    series.last = Math.max(series.last, found);
  }

  /** The site's day: worked out once a minute, as a time zone is no quick sum. */
  #dayOf(siteId: string, hours: SiteHours, now: number): string {
    const key = `${siteId} ${hours.timeZone} ${hours.closesAt ?? ''}`;
    const known = this.#days.get(key);
    if (known !== undefined && now < known.until && now >= known.until - 60_000) return known.day;
    const day = siteDay(hours, now);
    // Days begin with a minute everywhere.
    this.#days.set(key, { day, until: (Math.floor(now / 60_000) + 1) * 60_000 });
    return day;
  }

  #seriesOf(siteId: string, day: string, prefix: string): Series {
    const key = `${siteId} ${day} ${prefix}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      this.#forgetOtherDays(siteId, day);
      const made: Series = {
        last: 0,
        free: [],
        queues: new Set(),
        ready: this.#lastInLog(siteId, day, prefix, 0).then(
          (last) => void (made.last = Math.max(made.last, last)),
          (error: unknown) => {
            this.#series.delete(key);
            throw error;
          },
        ),
      };
      series = made;
      this.#series.set(key, series);
    }
    return series;
  }

  /** Yesterday's numbers are of no use when today's are asked for; those of a check-in under way stay with it. */
  #forgetOtherDays(siteId: string, day: string): void {
    for (const key of this.#series.keys()) {
      const [site, other] = key.split(' ');
      if (site === siteId && other !== day) this.#series.delete(key);
    }
  }

  /**
   * The highest number in the log, from one that is known: looks in ever larger steps, then in ever smaller ones. A number
   * that was given back can make it stop early; then a check-in loses one race more.
   */
  async #lastInLog(siteId: string, day: string, prefix: string, known: number): Promise<number> {
    let low = known;
    let high = most;
    let steps = Array.from({ length: probes }, (_, n) => known + (n < 12 ? n + 1 : 12 + 2 ** (n - 11)));
    while (high - low > 1) {
      const asked = steps.filter((number) => number > low && number < high);
      const events = await this.#log.query(
        asked.map((number) => ({ tags: [ticketTag(siteId, day, ticketOf(prefix, number))] })),
      );
      const found = new Set(events.flatMap(({ tags }) => tags.flatMap((tag) => numberOn(tag) ?? [])));
      const hits = asked.filter((number) => found.has(number));
      low = hits.at(-1) ?? low;
      high = asked.find((number) => number > low) ?? high;
      const step = Math.max(1, Math.ceil((high - low) / probes));
      steps = Array.from({ length: probes }, (_, n) => low + (n + 1) * step);
    }
    return low;
  }
}
