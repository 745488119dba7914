import { expect, test } from 'vitest';
import { KnownPaths } from '../../../src/server/known-paths.ts';

test('a path has the methods of every pattern that it fits', () => {
  const paths = new KnownPaths();
  paths.add('/a/:id', ['GET', 'HEAD']);
  paths.add('/a/special', 'post');
  paths.add('/files/*', 'GET');
  expect(paths.methodsOf('/a/special?x=1')).toEqual(['GET', 'HEAD', 'POST']);
  expect(paths.methodsOf('/a/7')).toEqual(['GET', 'HEAD']);
  expect(paths.methodsOf('/a/7/8')).toEqual([]);
  expect(paths.methodsOf('/files/x/y.js')).toEqual(['GET']);
  expect(paths.methodsOf('/a.7')).toEqual([]);
});
