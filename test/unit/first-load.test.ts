import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { firstLoads, type BuiltFile } from '../../scripts/first-load.ts';

const chunk = (fileName: string, given: Partial<Extract<BuiltFile, { type: 'chunk' }>> = {}): BuiltFile => ({
  type: 'chunk',
  fileName,
  name: fileName.replace('.js', ''),
  code: `console.log('${fileName}')`,
  isEntry: false,
  isDynamicEntry: false,
  imports: [],
  dynamicImports: [],
  ...given,
});
const bytesOf = (...names: string[]) => names.reduce((sum, name) => sum + gzipSync(`console.log('${name}')`).length, 0);

test('a screen needs the entry, its own chunk, and each of what they share once', () => {
  const files = [
    chunk('index.js', { isEntry: true, imports: ['base.js'], dynamicImports: ['desk.js', 'wall.js'] }),
    chunk('desk.js', { isDynamicEntry: true, imports: ['base.js', 'list.js'] }),
    chunk('wall.js', { isDynamicEntry: true }),
    chunk('list.js', { imports: ['base.js'] }),
    chunk('base.js'),
    { type: 'asset' } as const,
  ];
  expect(firstLoads(files)).toEqual([
    { screen: 'the shell', bytes: bytesOf('index.js', 'base.js') },
    { screen: 'desk', bytes: bytesOf('index.js', 'base.js', 'desk.js', 'list.js') },
    { screen: 'wall', bytes: bytesOf('index.js', 'base.js', 'wall.js') },
  ]);
});
