import { clock } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { totalsOf, type TimelineEntry } from '../../model/timeline.ts';
import { useServerNow } from '../../view/ticking.tsx';
import { visitWords } from './words.ts';

/** How long the visit took in each of its parts; what lasts goes on counting. */
export function Totals({ timeline }: { readonly timeline: readonly TimelineEntry[] }) {
  const words = useWords(visitWords);
  const now = useServerNow();
  const totals = totalsOf(timeline, now);
  return (
    <section class="panel" aria-labelledby="totals-title">
      <h2 id="totals-title">{words.totals}</h2>
      {totals.length === 0 && <p class="quietly">{words.noTotals}</p>}
      <dl class="visit-facts">
        {totals.map(({ part, ms, open }) => (
          <div key={part} data-part={part} data-open={open}>
            <dt>{open ? words.lasting(words.partNames[part]) : words.partNames[part]}</dt>
            <dd>{clock(ms)}</dd>
          </div>
        ))}
        {totals.length > 0 && (
          <div class="total">
            <dt>{words.total}</dt>
            <dd>{clock(totals.reduce((sum, { ms }) => sum + ms, 0))}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
