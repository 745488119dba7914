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
/** Room for the unit of the axis. */
const above = 28;
const bottom = 24;
const groupWidth = 74;
const barWidth = 18;

/** Two bars for each group, over an axis in minutes. The same figures stand in the table below: the picture is one image with a name. */
interface ChartProps {
  readonly bars: readonly Bar[];
  readonly name: string;
  /** What the axis counts, for who sees it. */
  readonly unit: string;
}

export function Chart({ bars, name, unit }: ChartProps) {
  const ticks = ticksOf(Math.max(1, ...bars.flatMap(({ half, most }) => [half ?? 0, most ?? 0])));
  const top = ticks.at(-1) ?? 1;
  const width = left + Math.max(4, bars.length) * groupWidth;
  const y = (value: number) => above + height * (1 - value / top);
  const column = (value: number | null, x: number, kind: string) =>
    value === null ? null : (
      <rect class={kind} x={x} y={y(value)} width={barWidth} height={above + height - y(value)} rx={2} />
    );
  return (
    <div class="chart" tabIndex={0} role="group" aria-label={name}>
      <svg role="img" aria-label={name} width={width} height={above + height + bottom}>
        <text class="tick" x={left - 6} y={14} text-anchor="end">
          {unit}
        </text>
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
              <text class="tick" x={middle} y={above + height + 16} text-anchor="middle">
                {bar.label.length > 11 ? `${bar.label.slice(0, 10)}…` : bar.label}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
