import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('../../apps/waiting-room/web/styles/tokens.css', import.meta.url), 'utf8');
const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');

function coloursIn(block: string): ReadonlyMap<string, string> {
  return new Map(
    [...block.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(colour: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((c) =>
    c <= 0.040_45 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

const texts = ['text', 'muted', 'accent', 'target-text', 'warning-text', 'critical-text'];
const marks = [
  'control-edge',
  'focus',
  'accent',
  ...['target', 'warning', 'critical'].flatMap((band) => [0, 1, 2, 3].map((part) => `${band}-${part}`)),
];

/** What must be told apart from what, and how well. */
const pairs: readonly (readonly [front: string, back: string, atLeast: number])[] = [
  ...texts.flatMap((text) => [[text, 'card', 4.5] as const, [text, 'page', 4.5] as const]),
  ['text', 'sunken', 4.5],
  ['muted', 'sunken', 4.5],
  ['critical-text', 'critical-soft', 4.5],
  ['text', 'warning-soft', 4.5],
  ['critical-text', 'card', 4.5],
  ['warning-text', 'card', 4.5],
  // A choice that is taken: its words, and the mark at its edge beside the page.
  ['control-edge', 'page', 3],
  ['warning-2', 'warning-soft', 3],
  ['critical-2', 'critical-soft', 3],
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-strong', 4.5],
  ['card', 'critical-text', 4.5],
  ...marks.map((mark) => [mark, 'card', 3] as const),
];

describe.each([
  ['light', coloursIn(light)],
  ['dark', coloursIn(dark)],
])('the screens in their %s colours', (_name, colours) => {
  test.each(pairs)('%s on %s has a contrast of %d', (front, back, atLeast) => {
    const [a, b] = [colours.get(front), colours.get(back)];
    if (a === undefined || b === undefined) throw new Error(`no such colour: ${front} or ${back}`);
    expect(contrast(a, b)).toBeGreaterThanOrEqual(atLeast);
  });
});
