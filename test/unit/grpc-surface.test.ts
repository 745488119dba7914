import { expect, test } from 'vitest';
import { breakingChanges, readGrpcSurface } from '../../scripts/read-grpc-surface.ts';
import { readRepositoryFile } from './repository/repository-files.ts';

const page = readRepositoryFile('docs/reference/grpc-surface.txt');

test('the gRPC interface is the one that docs/reference/grpc-surface.txt shows; `npm run api` writes it', () => {
  expect(readGrpcSurface()).toBe(page);
});

test('a method or field that is gone, or has another number or type, is told; one that is new is not', () => {
  const changed = page
    .replace(/^.*WaitingRoom\/Park .*\n/m, '')
    .replace('CheckInRequest queue_id = 1 string', 'CheckInRequest queue_id = 9 string')
    .replace('CheckInReply position = 8 int64', 'CheckInReply position = 8 int32')
    .concat('millrace.waiting_room.v1.CheckInReply news = 99 string\n');
  expect(breakingChanges(page, page)).toEqual([]);
  expect(breakingChanges(page, changed)).toEqual([
    'millrace.waiting_room.v1.CheckInReply position = 8 int64',
    'millrace.waiting_room.v1.CheckInRequest queue_id = 1 string',
    expect.stringContaining('WaitingRoom/Park'),
  ]);
});
