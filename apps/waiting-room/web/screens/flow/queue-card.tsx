import { Component } from 'preact';
import { clock, count } from '../../language/format.ts';
import { waitingCount, type QueueBoard } from './queue-board.ts';
import { strings } from './strings.ts';
import { CallNext } from './call-next.tsx';
import { Capacity } from './capacity.tsx';
import { InRoomRow } from './in-room-row.tsx';
import { priorityName } from '../../view/priority-mark.tsx';
import { WaitingRow } from './waiting-row.tsx';

/** So many of those who wait are shown. */
const shownWaiting = 50;

interface QueueCardProps {
  readonly queue: QueueBoard;
  readonly showNames: boolean;
}

/** One queue. Drawn again only when something of it changed. */
export class QueueCard extends Component<QueueCardProps> {
  override shouldComponentUpdate(next: QueueCardProps): boolean {
    return next.queue !== this.props.queue || next.showNames !== this.props.showNames;
  }

  override render({ queue, showNames }: QueueCardProps) {
    const { queueId, row, inRooms } = queue;
    const title = `queue-${queueId}`;
    const name = row?.name ?? queueId;
    const waiting = waitingCount(queue);
    const shown = queue.waiting.slice(0, shownWaiting);
    return (
      <article class="card" aria-labelledby={title}>
        <header class="card-head">
          <h3 id={title}>{name}</h3>
          <p class="card-count">
            <strong>{count(waiting)}</strong> {strings.waiting}
          </p>
        </header>
        {row?.maxCapacity != null && <Capacity waiting={waiting} capacity={row.maxCapacity} />}
        <Counts queue={queue} />
        <CallNext queueId={queueId} queueName={name} nobodyWaits={waiting === 0} />
        {inRooms.length > 0 && (
          <>
            <h4>{strings.inRooms}</h4>
            <ul class="in-rooms">
              {inRooms.map((visit) => (
                <InRoomRow key={visit.visitId} visit={visit} showName={showNames} />
              ))}
            </ul>
          </>
        )}
        {shown.length > 0 && inRooms.length > 0 && <h4>{strings.waitingList}</h4>}
        {shown.length > 0 ? (
          <ol class="waiting">
            {shown.map((visit, index) => (
              <WaitingRow key={visit.visitId} visit={visit} place={index + 1} showName={showNames} />
            ))}
          </ol>
        ) : (
          <p class="quietly">{strings.nobodyWaits}</p>
        )}
        {waiting > shown.length && <p class="more">{strings.andMore(count(waiting - shown.length))}</p>}
      </article>
    );
  }
}

function Counts({ queue: { row } }: { readonly queue: QueueBoard }) {
  if (row === undefined) return null;
  const byPriority = [
    ['Urgent', row.waitingUrgent],
    ['High', row.waitingHigh],
    ['Medium', row.waitingMedium],
    ['Low', row.waitingLow],
  ] as const;
  return (
    <ul class="counts">
      {row.name !== row.queueId && <li>{row.queueId}</li>}
      {byPriority.map(
        ([priority, waiting]) =>
          waiting > 0 && (
            <li key={priority} data-priority={priority}>
              {count(waiting)} {priorityName(priority)}
            </li>
          ),
      )}
      {row.completed > 0 && (
        <li>
          {count(row.completed)} {strings.completedToday}
        </li>
      )}
      {row.averageWaitMs !== null && (
        <li>
          {strings.averageWait} {clock(row.averageWaitMs)}
        </li>
      )}
    </ul>
  );
}
