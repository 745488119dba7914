import { count } from '../../language/format.ts';
import { strings } from './strings.ts';

/** How many places of a limited queue are taken. */
export function Capacity({ waiting, capacity }: { readonly waiting: number; readonly capacity: number }) {
  const full = waiting >= capacity;
  return (
    <div class="capacity" data-full={full}>
      <div
        class="capacity-bar"
        role="meter"
        aria-label={strings.capacity}
        aria-valuemin={0}
        aria-valuemax={capacity}
        aria-valuenow={Math.min(waiting, capacity)}
        aria-valuetext={strings.waitingOf(count(waiting), count(capacity))}
      >
        <span style={{ width: `${Math.min(100, (waiting / capacity) * 100)}%` }} />
      </div>
      <p aria-hidden="true">
        {strings.waitingOf(count(waiting), count(capacity))}
        {full && `, ${strings.full}`}
      </p>
    </div>
  );
}
