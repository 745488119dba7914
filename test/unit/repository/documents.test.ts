import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../../../scripts/development-tool.ts';
import { withErrorTable } from '../../../scripts/error-table.ts';
import { withMetricTable } from '../../../scripts/metric-reference.ts';
import { needsMore, runElsewhere } from '../../documented-commands.ts';
import { documentedCommands } from './documented-commands.ts';
import { readRepositoryFile, repositoryFiles, repositoryPaths } from './repository-files.ts';

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} (.+)$/gm)];
  return new Set(
    headings.map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

describe('documents', () => {
  const pages = repositoryFiles('**/*.md');

  test('link only to files and headings that are there', () => {
    const broken = pages.flatMap(({ path: page, text }) =>
      [...text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)].flatMap(
        ([, link = '']) => {
          if (/^[a-z]+:/.test(link)) return [];
          const [file = '', anchor] = link.split('#');
          const target = file === '' ? page : path.posix.join(path.posix.dirname(page), decodeURIComponent(file));
          if (!existsSync(path.join(repository, target))) return [`${page}: ${link}`];
          const known =
            anchor === undefined || !target.endsWith('.md') || anchorsOf(readRepositoryFile(target)).has(anchor);
          return known ? [] : [`${page}: ${link}`];
        },
      ),
    );
    expect(broken).toEqual([]);
  });

  test('the page about errors has every code of the catalogue; `npm run reference` writes it', () => {
    const page = readRepositoryFile('docs/reference/errors.md');
    expect(page).toBe(withErrorTable(page));
  });

  test('the page about metrics has every metric of the table; `npm run reference` writes it', () => {
    const page = readRepositoryFile('docs/reference/metrics.md');
    expect(page).toBe(withMetricTable(page));
  });
});

describe('your first system', () => {
  const folder = 'docs/examples/first-system';
  const guide = readRepositoryFile('docs/guides/your-first-system.md');
  const blocks = new Map([...guide.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```/gm)].map(([, name, code]) => [name, code]));

  test('shows every file of the example, as the tests run it', () => {
    const files = repositoryPaths(`${folder}/*`);
    expect(files.length).toBeGreaterThan(0);
    expect(new Set(blocks.keys())).toEqual(new Set(files.map((file) => path.basename(file))));
    for (const file of files) expect(blocks.get(path.basename(file)), file).toBe(readRepositoryFile(file));
  });
});

describe('the commands that documents show', () => {
  const shown = new Set(documentedCommands().map(({ command }) => command));

  test('are found', () => {
    expect(shown).toContain('npm ci');
    expect(shown).toContain('curl http://localhost:5000/api/events/queue-1');
  });

  test('are run by a test, or have a reason not to be, and no reason is left of a command that is gone', () => {
    expect(Object.keys(runElsewhere).filter((command) => !shown.has(command))).toEqual([]);
    expect(
      Object.keys(needsMore).filter(
        (start) => !repositoryFiles('docs/**/*.md').some(({ text }) => text.includes(start)),
      ),
    ).toEqual([]);
  });
});
