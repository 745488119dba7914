import { expect, test } from 'vitest';
import {
  connectionIs,
  pageWidth,
  phoneWidth,
  seriousProblems,
  type ClinicBrowser,
  type PageOptions,
} from './clinic-browser.ts';

interface ScreenUnderTest {
  /** A function when it is known only once the clinic is there. */
  readonly path: string | (() => string);
  /** There once the screen has what it shows. */
  readonly ready: string;
  readonly options?: PageOptions;
  /** A word that the screen has in Spanish only. */
  readonly spanish: string;
  /** The screen has live data, and goes on with them after a restart of the server. */
  readonly live: boolean;
}

/** What every screen keeps: registers a test for each promise. */
export function keepsThePromisesOfScreens(
  clinic: () => ClinicBrowser,
  { path, ready, options = {}, spanish, live }: ScreenUnderTest,
): void {
  const address = () => (typeof path === 'string' ? path : path());
  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', phoneWidth],
    ['dark', phoneWidth],
  ] as const)('nothing serious stands in the way of anybody, %s at %d', async (scheme, width) => {
    const page = await clinic().open(address(), { ...options, dark: scheme === 'dark', width });
    await page.waitForSelector(ready);
    expect(await seriousProblems(page)).toEqual([]);
    expect(await pageWidth(page)).toBe(width);
  });

  test('all of it is in Spanish, too, and on a phone as well', async () => {
    const page = await clinic().open(address(), { ...options, language: 'es', width: phoneWidth });
    await page.waitForSelector(ready);
    expect(await page.textContent('body')).toContain(spanish);
    expect(await page.getAttribute('html', 'lang')).toBe('es');
    expect(await pageWidth(page)).toBe(phoneWidth);
  });

  test('the language is switched where the reader is, and remembered', async () => {
    const page = await clinic().open(address(), options);
    await page.waitForSelector(ready);
    expect(await page.textContent('body')).not.toContain(spanish);
    await page.click('.languages [lang="es"]');
    await page.waitForSelector(`text=${spanish}`);
    await page.reload();
    await page.waitForSelector(`text=${spanish}`);
  });

  if (!live) return;
  test('after a restart of the server the screen goes on without a reload', async () => {
    const page = await clinic().open(address(), options);
    await page.waitForSelector(ready);
    await connectionIs(page, 'live');
    await page.evaluate('window.sameAsBefore = true');
    await clinic().stopServer();
    await connectionIs(page, 'reconnecting');
    await page.waitForSelector(ready);
    await clinic().startServer();
    await connectionIs(page, 'live');
    await page.waitForSelector(ready);
    expect(await page.evaluate('window.sameAsBefore')).toBe(true);
  });
}
