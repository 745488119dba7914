import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { globSync } from 'node:fs';
import { shapesOf, type ProtoField } from '../src/server/grpc/descriptors.ts';
import { loadForReflection } from '../src/server/grpc/protos.ts';
import { repository } from './development-tool.ts';

const head = `The gRPC interface, as \`npm run api\` writes it: methods, and the numbers and types of fields. A test compares it with
proto/. A line is never changed or taken away, or clients that are there already would misunderstand.
`;

/** The interface of everything under `proto/`, one method or field a line. */
export function readGrpcSurface(): string {
  const files = globSync('proto/**/*.proto', { cwd: repository }).toSorted();
  const { methods, messages } = shapesOf(
    loadForReflection(files.map((file) => pathToFileURL(path.join(repository, file)))),
  );
  const lines = [
    ...methods.map(({ name, request, reply, streams }) => `${name} (${request}) ${streams ? 'stream ' : ''}${reply}`),
    ...[...messages].flatMap(([message, fields]) => fields.map((field) => `${message} ${shown(field)}`)),
  ];
  return `${head}\n${lines.toSorted().join('\n')}\n`;
}

function shown({ name, number, type, repeated, oneof, hasPresence, isMessage }: ProtoField): string {
  const isOptional = hasPresence && !repeated && !isMessage && oneof === undefined;
  const label = repeated ? 'repeated ' : isOptional ? 'optional ' : '';
  return `${name} = ${number} ${label}${type}${oneof === undefined ? '' : ` in ${oneof}`}`;
}

/** What clients that are there already would misunderstand: lines of the old interface that the new one has not. */
export function breakingChanges(before: string, after: string): string[] {
  const kept = new Set(linesOf(after));
  return linesOf(before).filter((line) => !kept.has(line));
}

function linesOf(surface: string): string[] {
  return surface.split('\n\n').slice(1).join('\n').split('\n').filter(Boolean);
}
