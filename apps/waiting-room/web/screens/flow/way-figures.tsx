import type { ComponentChildren } from 'preact';
import { age, count, duration } from '../../language/format.ts';
import { bandOf, type WayState } from './way.ts';
import { strings } from './strings.ts';

/** Percentiles, and where events stand between log and read model. */
export function WayFigures({ way }: { readonly way: WayState }) {
  const { summary, pending, oldestPendingMs, logPosition, readModelPosition, parked, healthy } = way;
  const behind = Math.max(0, logPosition - readModelPosition);
  return (
    <div class="figures">
      <h3>{strings.lastEvents(count(summary.count))}</h3>
      <dl>
        <Percentile name={strings.p50} value={summary.p50Ms} />
        <Percentile name={strings.p95} value={summary.p95Ms} />
        <Percentile name={strings.p99} value={summary.p99Ms} />
      </dl>
      <dl>
        <Figure
          name={strings.pending}
          note={pending > 0 ? strings.pendingFor(age(oldestPendingMs)) : strings.pendingNone}
        >
          {count(pending)}
        </Figure>
        <Figure name={strings.logPosition} note={strings.logPositionNote}>
          {count(logPosition)}
        </Figure>
        <Figure
          name={strings.readModelPosition}
          note={behind > 0 ? strings.behind(count(behind)) : healthy ? strings.even : strings.unhealthy}
        >
          {count(readModelPosition)}
        </Figure>
        <Figure
          name={strings.deadLetters}
          band={parked > 0 ? 'critical' : undefined}
          note={parked > 0 ? strings.deadLettersParked : strings.noDeadLetters}
        >
          {count(parked)}
        </Figure>
      </dl>
    </div>
  );
}

function Percentile({ name, value }: { readonly name: string; readonly value: number | null }) {
  const band = value === null ? undefined : bandOf(value);
  return (
    <Figure name={name} band={band} note={band === undefined ? undefined : strings.bandNames[band]}>
      {value === null ? '–' : duration(value)}
    </Figure>
  );
}

interface FigureProps {
  readonly name: string;
  readonly band?: string | undefined;
  readonly note?: string | undefined;
  readonly children: ComponentChildren;
}

function Figure({ name, band, note, children }: FigureProps) {
  return (
    <div class="figure" data-band={band}>
      <dt>{name}</dt>
      <dd>{children}</dd>
      {note !== undefined && <dd class="figure-note">{note}</dd>}
    </div>
  );
}
