import type { ProvisionedPanel } from './provisioned-files.ts';

const count = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const perSecond: Readonly<Record<string, string>> = { eps: 'events/s', ops: '/s', mps: 'msg/s', reqps: 'req/s' };

/** A number as Grafana shows it in a unit. */
export function showValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–';
  if (unit === 'percent') return `${count.format(value)} %`;
  if (unit === 'ms') return value >= 1_000 ? `${count.format(value / 1_000)} s` : `${count.format(value)} ms`;
  if (unit === 's') return seconds(value);
  if (unit === 'bytes') return bytes(value);
  const rate = perSecond[unit];
  return rate === undefined ? count.format(value) : `${count.format(value)} ${rate}`;
}

function seconds(value: number): string {
  if (value !== 0 && Math.abs(value) < 1) return `${count.format(value * 1_000)} ms`;
  return value >= 90 ? `${count.format(value / 60)} min` : `${count.format(value)} s`;
}

function bytes(value: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(names.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  return `${count.format(value / 1_024 ** power)} ${names[power]}`;
}

const colours: Readonly<Record<string, string>> = {
  green: '#3a9d4f',
  yellow: '#d9a400',
  red: '#d43f4d',
  blue: '#3871dc',
};

export const colourOf = (name: string): string => colours[name] ?? '#3871dc';

/** The colour of the band in which a value lies. */
export function bandColour(value: number, { fieldConfig }: ProvisionedPanel): string {
  const { steps } = fieldConfig.defaults.thresholds;
  const band = steps.filter((step) => step.value === null || step.value <= value).at(-1);
  return colourOf(band?.color ?? 'blue');
}
