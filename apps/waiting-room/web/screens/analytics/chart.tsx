import { ticksOf } from './scale.ts';

export interface Bar {
  readonly key: string;
  readonly label: string;
  /** In minutes; null when it is not known. */
  readonly half: number | null;
  readonly most: number | null;
}

const height = 180;
const left = 64;
const bottom = 24;
const groupWidth = 74;
const barWidth = 18;

/** Two bars for each group. The same figures stand in the table below: the picture is one image with a name. */
export function Chart({ bars, name }: { readonly bars: readonly Bar[]; readonly name: string }) {
  const ticks = ticksOf(Math.max(1, ...bars.flatMap(({ half, most }) => [half ?? 0, most ?? 0])));
  const top = ticks.at(-1) ?? 1;
  const width = left + Math.max(4, bars.length) * groupWidth;
  const y = (value: number) => 8 + height * (1 - value / top);
  const column = (value: number | null, x: number, kind: string) =>
    value === null ? null : (
      <rect class={kind} x={x} y={y(value)} width={barWidth} height={height + 8 - y(value)} rx={2} />
    );
  return (
    <div class="chart" tabIndex={0} role="group" aria-label={name}>
      <svg role="img" aria-label={name} width={width} height={height + bottom + 8}>
        {ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={left} x2={width} y1={y(tick)} y2={y(tick)} />
            <text class="tick" x={left - 6} y={y(tick) + 4} text-anchor="end">
              {tick}
            </text>
          </g>
        ))}
        {bars.map((bar, index) => {
          const middle = left + (index + 0.5) * groupWidth;
          return (
            <g key={bar.key}>
              {column(bar.half, middle - barWidth - 1, 'half')}
              {column(bar.most, middle + 1, 'most')}
              <text class="tick" x={middle} y={height + bottom} text-anchor="middle">
                {bar.label.length > 11 ? `${bar.label.slice(0, 10)}…` : bar.label}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
