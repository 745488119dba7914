import { strings } from '../strings.ts';
import { isUnderWay, scaleFor, soFarMs, type WayState } from '../model/way.ts';
import { useSelected } from './page-context.ts';
import { useServerNow } from './ticking.tsx';
import { WayFigures } from './way-figures.tsx';
import { WayLine } from './way-line.tsx';
import { WayLegend, WayRow } from './way-row.tsx';

/** How events travel: the newest one on a line, the others as bars, and the figures over many. */
export function WaySection() {
  const way = useSelected((state) => state.way);
  const failed = useSelected((state) => state.wayFailed);
  return (
    <section class="way" aria-labelledby="way-title">
      <h2 id="way-title">{strings.way}</h2>
      {failed && way !== undefined && <p class="old">{strings.wayOld}</p>}
      {way === undefined || way.events.length === 0 ? (
        <p class="quietly">{strings.wayEmpty}</p>
      ) : (
        <WayOfEvents way={way} />
      )}
      {way !== undefined && <WayFigures way={way} />}
    </section>
  );
}

function WayOfEvents({ way: { events } }: { readonly way: WayState }) {
  const ownPosition = useSelected((state) => state.ownPosition);
  const now = useServerNow();
  const scale = scaleFor(events.map((event) => soFarMs(event, now)));
  // The reader's own event first: that is the one to look for.
  const shown = events.find(({ position }) => position === ownPosition) ?? events[0];
  return (
    <>
      {shown !== undefined && <WayLine event={shown} now={now} own={shown.position === ownPosition} />}
      <WayLegend scale={scale} />
      <ol class="way-rows">
        {events.map((event) => (
          <WayRow
            key={event.eventId}
            event={event}
            scale={scale}
            // What is complete does not change any more, whatever the time.
            now={isUnderWay(event) ? now : 0}
            own={event.position === ownPosition}
          />
        ))}
      </ol>
    </>
  );
}
