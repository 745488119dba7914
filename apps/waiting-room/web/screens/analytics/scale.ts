const nice = [1, 2, 5, 10];

/**
 * The marks of an axis from 0 to at least `most`, at round distances; four of them or so.
 * @example ticksOf(47) // [0, 20, 40, 60]
 */
export function ticksOf(most: number): readonly number[] {
  const top = Number.isFinite(most) && most > 0 ? most : 1;
  const rough = top / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (nice.find((factor) => factor * power >= rough) ?? 10) * power;
  const steps = Math.ceil(top / step);
  // Multiplied, not added up: 0.1 + 0.2 would be on the axis.
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}
