import { currentLanguage, type Language } from './language.ts';

const whole: { readonly [Name in Language]: Intl.NumberFormat } = {
  en: new Intl.NumberFormat('en', { maximumFractionDigits: 0 }),
  es: new Intl.NumberFormat('es', { maximumFractionDigits: 0 }),
};

/** @example count(12345) // '12,345' */
export function count(value: number): string {
  return whole[currentLanguage()].format(value);
}

/**
 * A duration in milliseconds with three digits at most, so that columns do not jump.
 * @example duration(0.42) // '0.4 ms'; duration(1234) // '1.23 s'
 */
export function duration(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 0.05) return '<0.1 ms';
  if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 999.5) return `${milliseconds.toFixed(0)} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  return seconds < 100 ? `${seconds.toFixed(1)} s` : age(milliseconds);
}

/**
 * A span as a clock shows it.
 * @example clock(75_000) // '1:15'; clock(3_675_000) // '1:01:15'
 */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/**
 * How long ago, in words.
 * @example age(3_000) // '3 s'; age(120_000) // '2 min'
 */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** The time of day. @example timeOfDay(Date.now()) // '14:05' */
export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString(currentLanguage(), { hour: '2-digit', minute: '2-digit', hour12: false });
}

/** A day and its time, as short as is clear. */
export function dayAndTime(at: number): string {
  return new Date(at).toLocaleString(currentLanguage(), { dateStyle: 'medium', timeStyle: 'short', hour12: false });
}
