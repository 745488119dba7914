import { existsSync } from 'node:fs';
import process from 'node:process';
import { chromium, type Browser } from 'playwright-core';

/** The Chromium that `CHROMIUM` names, or the system's; undefined when there is none. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'];
  const places = named === undefined || named === '' ? ['/usr/bin/chromium', '/usr/bin/chromium-browser'] : [named];
  return places.find((place) => existsSync(place));
}

/** Starts a browser without a window. Throws when there is none. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('There is no Chromium: see scripts/with-browser.ts.');
  // Chromium has no sandbox for root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}
