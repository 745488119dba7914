import { dataOf, type StoredEvent } from '#millrace';
import {
  DayClosed,
  DayOpened,
  DeskActivated,
  DeskDeactivated,
  QueueClosed,
  QueueConfigured,
  QueueOpened,
  QueuePaused,
  RoomActivated,
  RoomDeactivated,
  SiteConfigured,
} from '../domain/events.ts';
import { placeKey, type Place } from '../domain/names.ts';
import type { QueueState } from '../domain/queue-state.ts';

/** A timer as the walk knows it: which definition, whose, and to which moment. */
export interface WalkTimer {
  readonly id: string;
  readonly key: string;
  readonly dueAt: number;
}

export const nameOf = ({ kind, id }: Place): string => `${kind} ${placeKey(id)}`;

interface ModelSite {
  nextCloseAt: string | null;
  nextOpenAt: string | null;
}

interface ModelQueue {
  limit: number | null;
  stages: { readonly triage: boolean; readonly cashier: boolean };
  siteId: string;
  state: QueueState;
  pausedUntil: string | null;
  /** The moment of the closing by the end of a day, while that is the last thing that happened to the queue. */
  closedWithDay: string | null;
  /** Configured, opened, paused, closed or checked in to: the site knows it. */
  known: boolean;
}

/** The part of the model that is no visit: sites, queues, and which rooms and desks may call. */
export class WalkHouse {
  readonly #queues = new Map<string, ModelQueue>();
  readonly #sites = new Map<string, ModelSite>();
  readonly inactivePlaces = new Set<string>();

  queue(queueId: string): ModelQueue {
    let queue = this.#queues.get(queueId);
    if (queue === undefined) {
      queue = {
        ...{ limit: null, stages: { triage: false, cashier: false }, siteId: 'main', state: 'OPEN' },
        ...{ pausedUntil: null, closedWithDay: null, known: false },
      };
      this.#queues.set(queueId, queue);
    }
    return queue;
  }

  /** Whether a timer of a site or queue still stands for what it was set for. */
  stands({ id, key, dueAt }: WalkTimer): boolean {
    const at = new Date(dueAt).toISOString();
    const site = this.#sites.get(key.slice('site-'.length));
    const queue = this.queue(key.slice('queue-'.length));
    if (id === 'site-closing') return site?.nextCloseAt === at;
    if (id === 'site-opening') return site?.nextOpenAt === at;
    return (id === 'pause-end' ? queue.pausedUntil : queue.closedWithDay) === at;
  }

  /** Applies an event that is not about a visit. Returns what it says wrongly. */
  apply(event: StoredEvent, isHeld: (place: string) => boolean): string | undefined {
    switch (event.type) {
      case SiteConfigured.type: {
        const { siteId, nextCloseAt, opensAt } = dataOf(SiteConfigured, event);
        const nextOpenAt = opensAt === null ? null : (this.#sites.get(siteId)?.nextOpenAt ?? null);
        this.#sites.set(siteId, { nextCloseAt, nextOpenAt });
        return undefined;
      }
      case DayClosed.type: {
        const { siteId, queueIds, nextCloseAt, opensAt } = dataOf(DayClosed, event);
        const open = [...this.#queues].filter(([, queue]) => queue.siteId === siteId && queue.state !== 'CLOSED');
        const known = open.flatMap(([queueId, queue]) => (queue.known ? [queueId] : []));
        const site = this.#sites.get(siteId);
        this.#sites.set(siteId, { nextCloseAt, nextOpenAt: opensAt });
        if (site?.nextCloseAt === null || site === undefined) return 'the site does not close';
        return [...queueIds].toSorted().join() === known.toSorted().join() ? undefined : 'other queues were open';
      }
      case DayOpened.type: {
        const site = this.#sites.get(dataOf(DayOpened, event).siteId);
        if (site?.nextOpenAt === null || site === undefined) return 'the site does not open';
        site.nextOpenAt = null;
        return undefined;
      }
      case RoomActivated.type:
        this.inactivePlaces.delete(nameOf({ kind: 'room', id: dataOf(RoomActivated, event).roomId }));
        return undefined;
      case DeskActivated.type:
        this.inactivePlaces.delete(nameOf({ kind: 'desk', id: dataOf(DeskActivated, event).deskId }));
        return undefined;
      case RoomDeactivated.type:
        return this.#shut(nameOf({ kind: 'room', id: dataOf(RoomDeactivated, event).roomId }), isHeld);
      case DeskDeactivated.type:
        return this.#shut(nameOf({ kind: 'desk', id: dataOf(DeskDeactivated, event).deskId }), isHeld);
      default:
        return this.#applyToQueue(event);
    }
  }

  #shut(place: string, isHeld: (place: string) => boolean): string | undefined {
    this.inactivePlaces.add(place);
    return isHeld(place) ? 'somebody is there' : undefined;
  }

  #applyToQueue(event: StoredEvent): string | undefined {
    switch (event.type) {
      case QueueConfigured.type: {
        const { queueId, maxCapacity, stages, siteId } = dataOf(QueueConfigured, event);
        Object.assign(this.queue(queueId), { limit: maxCapacity, stages, siteId, known: true });
        return undefined;
      }
      case QueueOpened.type:
        this.#rest(dataOf(QueueOpened, event).queueId, 'OPEN', null, null);
        return undefined;
      case QueuePaused.type: {
        const { queueId, until } = dataOf(QueuePaused, event);
        this.#rest(queueId, 'PAUSED', until, null);
        return undefined;
      }
      case QueueClosed.type: {
        const { queueId, day, changedAt } = dataOf(QueueClosed, event);
        const wasClosed = this.queue(queueId).state === 'CLOSED';
        this.#rest(queueId, 'CLOSED', null, day === null ? null : changedAt);
        return wasClosed && day !== null ? 'the queue was closed by hand' : undefined;
      }
      default:
        return undefined;
    }
  }

  #rest(queueId: string, state: QueueState, pausedUntil: string | null, closedWithDay: string | null): void {
    Object.assign(this.queue(queueId), { state, pausedUntil, closedWithDay, known: true });
  }
}
