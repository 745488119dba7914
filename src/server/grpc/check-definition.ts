import { MillraceError } from '../../errors.ts';
import type { LiveFeedDefinition } from '../live-feed.ts';
import type { ProtoField, ProtoMethodShape, ProtoShapes } from './descriptors.ts';
import type { GrpcDefinition } from './grpc-definition.ts';
import { calledRoute } from './route-request.ts';

const withoutPresence = /^(u?int(32|64)|s(int|fixed)(32|64)|fixed(32|64)|bool|float|double)$/;

/**
 * Compares a definition with its .proto files, so that what is wrong shows at the start and not at the first call.
 * Throws DEFINITION_INVALID.
 */
export function checkDefinition(
  { methods, streams = {} }: GrpcDefinition,
  shapes: ProtoShapes,
  feeds: readonly LiveFeedDefinition[],
): void {
  const problems: string[] = [];
  const known = new Map(shapes.methods.map((method) => [method.name, method]));
  for (const name of [...Object.keys(methods), ...Object.keys(streams)]) {
    if (!known.has(name)) problems.push(`${name} is in no .proto file`);
  }
  for (const method of shapes.methods) {
    const unary = methods[method.name];
    const stream = streams[method.name];
    const fields = shapes.messages.get(method.request) ?? [];
    const reply = shapes.messages.get(method.reply) ?? [];
    if (method.streams ? stream === undefined : unary === undefined) {
      problems.push(`${method.name} has no ${method.streams ? 'feed' : 'route'}`);
    } else if (unary !== undefined) {
      problems.push(...unaryProblems(method, fields, reply, unary));
    } else if (stream !== undefined) {
      const feed = feeds.find(({ name }) => name === stream.feed);
      if (feed === undefined) problems.push(`${method.name}: there is no feed ${stream.feed}`);
      else problems.push(...streamProblems(method, fields, reply, feed));
    }
  }
  if (problems.length > 0) throw new MillraceError('DEFINITION_INVALID', `gRPC: ${problems.join('; ')}.`);
}

function unaryProblems(
  { name }: ProtoMethodShape,
  fields: readonly ProtoField[],
  reply: readonly ProtoField[],
  unary: GrpcDefinition['methods'][string],
): string[] {
  const route = calledRoute(name, unary);
  const problems: string[] = [];
  const has = (field: string) => fields.some((one) => one.name === field);
  for (const field of [...route.parameters, ...route.nulls.map(([flag]) => flag)]) {
    if (!has(field)) problems.push(`${name}: its request has no ${field}`);
  }
  for (const { name: field, type, hasPresence } of fields) {
    // A number or a yes that is not given would arrive as 0 or no.
    if (withoutPresence.test(type) && !hasPresence) problems.push(`${name}: ${field} of its request is not optional`);
    // Bodies are JSON, and its numbers end before those of 64 bits.
    if (route.hasBody && type.endsWith('64')) problems.push(`${name}: ${field} of its request has 64 bits`);
  }
  if (unary.list !== undefined && !reply.some((one) => one.name === unary.list && one.repeated)) {
    problems.push(`${name}: its reply has no list ${unary.list}`);
  }
  return problems;
}

function streamProblems(
  { name }: ProtoMethodShape,
  fields: readonly ProtoField[],
  reply: readonly ProtoField[],
  feed: LiveFeedDefinition,
): string[] {
  const asked = ['after', ...feed.views.flatMap(({ filter }) => filter?.parameter ?? [])];
  const told = ['position', 'hello', 'reset', 'heartbeat', ...feed.views.map((view) => view.name)];
  return [
    ...missing(fields, asked).map((field) => `${name}: its request has no ${field}`),
    ...missing(reply, told).map((field) => `${name}: its reply has no ${field}`),
  ];
}

function missing(fields: readonly ProtoField[], names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => !fields.some((field) => field.name === name));
}
