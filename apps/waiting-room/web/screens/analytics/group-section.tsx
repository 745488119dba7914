import { count } from '../../language/format.ts';
import { useLanguage, useWords } from '../../language/language.ts';
import { Chart } from './chart.tsx';
import type { Figures } from './summary.ts';
import { analyticsWords } from './words.ts';

interface GroupSectionProps {
  readonly id: string;
  readonly title: string;
  readonly groups: readonly Figures[];
  readonly label: (key: string) => string;
}

const minute = 60_000;
const minutesOf = (value: number | null) => (value === null ? null : value / minute);

/** How long a group waited, how long it was seen, and the figures themselves. */
export function GroupSection({ id, title, groups, label }: GroupSectionProps) {
  const words = useWords(analyticsWords);
  const figures = useFigures();
  const bars = (half: 'waitP50' | 'serviceP50', most: 'waitP90' | 'serviceP90') =>
    groups.map((group) => ({
      key: group.key,
      label: label(group.key),
      half: minutesOf(group[half]),
      most: minutesOf(group[most]),
    }));
  return (
    <section class="panel group" data-group={id} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div class="charts">
        {(
          [
            [words.waiting, bars('waitP50', 'waitP90')],
            [words.service, bars('serviceP50', 'serviceP90')],
          ] as const
        ).map(([what, shown]) => (
          <div key={what} class="chart-box">
            <h3>{what}</h3>
            <p class="chart-key">
              <span class="half">{words.half}</span> <span class="most">{words.most}</span>
            </p>
            <Chart bars={shown} name={words.chartOf(what, title)} unit={words.unit} />
          </div>
        ))}
      </div>
      <div class="figures" tabIndex={0} role="region" aria-label={words.tableOf(title)}>
        <table>
          <thead>
            <tr>
              {[
                ...[words.group, words.arrivals, words.waitP50, words.waitP90, words.serviceP50, words.serviceP90],
                ...[words.completed, words.noShows, words.left, words.noShowRate],
              ].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <tr key={group.key} data-key={group.key}>
                <th scope="row">{label(group.key)}</th>
                <td>{count(group.arrivals)}</td>
                <td>{figures.minutes(group.waitP50)}</td>
                <td>{figures.minutes(group.waitP90)}</td>
                <td>{figures.minutes(group.serviceP50)}</td>
                <td>{figures.minutes(group.serviceP90)}</td>
                <td>{count(group.completed)}</td>
                <td>{count(group.noShows)}</td>
                <td>{count(group.left)}</td>
                <td>{figures.share(group.noShowRate)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Figures as the reader writes them; a dash for what is not known. */
export function useFigures() {
  const language = useLanguage();
  const words = useWords(analyticsWords);
  return {
    minutes: (value: number | null) =>
      value === null
        ? '–'
        : words.minutes(
            (value / minute).toLocaleString(language, { maximumFractionDigits: value < 10 * minute ? 1 : 0 }),
          ),
    share: (value: number | null) =>
      value === null ? '–' : value.toLocaleString(language, { style: 'percent', maximumFractionDigits: 1 }),
  };
}
