import { strings } from './strings.ts';
import { chooseForLine, scaleFor, soFarMs, type WayState } from './way.ts';
import { useSelected } from './page-context.ts';
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
    </section>
  );
}

function WayOfEvents({ way }: { readonly way: WayState }) {
  const { events } = way;
  const ownPosition = useSelected((state) => state.ownPosition);
  const readAt = way.readAt + useSelected((state) => state.clockOffsetMs);
  const scale = scaleFor(events.map((event) => soFarMs(event, readAt)));
  const shown = chooseForLine(events, ownPosition);
  return (
    <>
      {shown !== undefined && <WayLine event={shown} readAt={readAt} own={shown.position === ownPosition} />}
      <WayFigures way={way} />
      <WayLegend scale={scale} />
      <ol class="way-rows">
        {events.map((event) => (
          <WayRow
            key={event.eventId}
            event={event}
            scale={scale}
            readAt={readAt}
            own={event.position === ownPosition}
          />
        ))}
      </ol>
    </>
  );
}
