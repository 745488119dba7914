import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { helpSections, replaceHelp } from '../../src/cli/help-sections.ts';

const page = await readFile(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8');

describe('docs/reference/cli.md', () => {
  it('shows the help of every command as it is printed; scripts/write-cli-reference.ts writes it', () => {
    expect(replaceHelp(page, helpSections())).toBe(page);
  });

  it('lists every command', () => {
    for (const { name } of helpSections().slice(1)) {
      expect(page).toContain(`### ${name}\n`);
    }
  });
});
