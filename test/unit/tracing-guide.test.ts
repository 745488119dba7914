import { SpanKind } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { spanTable } from '../../src/telemetry/span-table.ts';
import { readRepositoryFile } from './repository/repository-files.ts';

it('the guide has the spans of the table', () => {
  const guide = readRepositoryFile('docs/guides/tracing.md');
  const shown = guide
    .slice(guide.indexOf('\n## The spans'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const expected = Object.values(spanTable).map((entry) => {
    const name = 'follows' in entry ? `${entry.name} ${entry.follows}`.trim() : entry.name;
    return `| \`${name}\` | ${SpanKind[entry.kind].toLowerCase()} | ${entry.meaning} | ${entry.parent} | ${entry.links} |`;
  });
  expect(shown).toEqual(expected);
});
