import { count, duration } from '../../language/format.ts';
import { bandOf, soFarMs, type EventWay } from './way.ts';
import { strings } from './strings.ts';

interface WayLineProps {
  readonly event: EventWay;
  /** When it was read, by the server's clock. */
  readonly readAt: number;
  readonly own: boolean;
}

/** One event on its line from decided to processed, with the time at which it passed each station. */
export function WayLine({ event, readAt, own }: WayLineProps) {
  const passedAt = passages(event);
  return (
    <div class="line" data-band={bandOf(soFarMs(event, readAt))}>
      <p class="line-event">
        {own ? strings.wayOwn : strings.wayNewest}
        <strong>{event.eventName}</strong> <span>{strings.position(count(event.position))}</span>
      </p>
      <ol class="stations" key={event.eventId}>
        {strings.stations.map((station, index) => {
          const at = passedAt[index];
          return (
            <li key={station} data-passed={at !== undefined}>
              <span class="station-dot" aria-hidden="true" />
              <span class="station-name">{station}</span>
              <span class="station-time">{at === undefined ? '…' : index === 0 ? '0' : `+${duration(at)}`}</span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** For each station the milliseconds since the decision; undefined for those not reached. */
function passages({ parts, totalMs }: EventWay): (number | undefined)[] {
  const passed: (number | undefined)[] = [0];
  let at: number | undefined = 0;
  for (const part of parts) {
    at = at === undefined || part === null ? undefined : at + part;
    passed.push(at);
  }
  // The last one is told by the total, which is measured and not added up.
  if (totalMs !== null) passed[parts.length] = totalMs;
  return passed;
}
