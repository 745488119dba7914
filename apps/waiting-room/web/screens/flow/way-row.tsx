import { Component } from 'preact';
import { count, duration } from '../../language/format.ts';
import { bandOf, soFarMs, type EventWay } from './way.ts';
import { strings } from './strings.ts';

interface WayRowProps {
  readonly event: EventWay;
  /** Milliseconds at the right end of the bar. */
  readonly scale: number;
  /** When it was read, by the server's clock. */
  readonly readAt: number;
  readonly own: boolean;
}

/** One event as a bar of its parts. */
export class WayRow extends Component<WayRowProps> {
  override shouldComponentUpdate(next: WayRowProps): boolean {
    const { event, scale, own } = this.props;
    const same = next.event.eventId === event.eventId && next.event.totalMs === event.totalMs;
    return !same || event.totalMs === null || next.scale !== scale || next.own !== own;
  }

  override render({ event, scale, readAt, own }: WayRowProps) {
    const { parts, totalMs, status } = event;
    const total = soFarMs(event, readAt);
    const band = status === 'FAILED' ? 'critical' : bandOf(total);
    const missing = status === 'FAILED' ? -1 : parts.indexOf(null);
    const known = parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
    const words = parts.map((part, index) => `${strings.parts[index] ?? ''} ${part === null ? '…' : duration(part)}`);
    return (
      <li class="way-row" data-band={band} data-own={own}>
        <p class="way-name">
          <span class="way-position">{count(event.position)}</span>
          {event.eventName}
          {own && <span class="own">{strings.wayYours}</span>}
        </p>
        <p class="way-total">
          {status === 'FAILED' ? strings.parked : duration(total)}
          {band !== 'target' && <span class="unseen"> ({strings.bandNames[band]})</span>}
        </p>
        <div class="bar" role="img" aria-label={strings.barOf(duration(total), words.join(', '))}>
          {parts.map(
            (part, index) =>
              part !== null &&
              part > 0 && <span key={index} data-part={index} style={{ width: `${(part / scale) * 100}%` }} />,
          )}
          {totalMs === null && total > known && (
            <span data-part="open" style={{ width: `${Math.min(100, ((total - known) / scale) * 100)}%` }} />
          )}
        </div>
        <p class="way-parts" aria-hidden="true">
          {parts.map((part, index) => (
            <span key={index}>{part !== null ? duration(part) : index === missing ? strings.underWay : '–'}</span>
          ))}
        </p>
      </li>
    );
  }
}

/** Which shade is which part, and what the width of a bar means. */
export function WayLegend({ scale }: { readonly scale: number }) {
  const target = 100 / scale;
  return (
    <div class="legend">
      <ul>
        {strings.parts.map((part, index) => (
          <li key={part}>
            <span class="swatch" data-part={index} aria-hidden="true" />
            {part}
          </li>
        ))}
      </ul>
      <div class="axis" aria-hidden="true">
        <span>0</span>
        {target < 0.9 && target > 0.1 && (
          <span class="axis-target" style={{ left: `${target * 100}%` }}>
            {duration(100)}
          </span>
        )}
        <span>{duration(scale)}</span>
      </div>
    </div>
  );
}
