import type { Metadata } from '@grpc/grpc-js';
import { MillraceError } from '../../errors.ts';
import type { GrpcMethod } from './grpc-definition.ts';

/** A request to a route of this process. */
export interface RouteRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  /** JSON; undefined for none. */
  readonly payload: string | undefined;
}

/** A route, taken apart once. */
export interface CalledRoute {
  readonly method: string;
  /** The path as the route was added, with `:parameter`s. */
  readonly path: string;
  readonly parameters: readonly string[];
  readonly hasBody: boolean;
  readonly nulls: readonly (readonly [field: string, target: string])[];
  readonly list: string | undefined;
}

const routePattern = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/;
const withoutBody = new Set(['GET', 'DELETE']);

/** Throws DEFINITION_INVALID when the route is not written as one. */
export function calledRoute(name: string, { route, nulls, list }: GrpcMethod): CalledRoute {
  const [, method, path] = routePattern.exec(route) ?? [];
  if (method === undefined || path === undefined) {
    throw new MillraceError('DEFINITION_INVALID', `gRPC method ${name}: "${route}" is no route; write "POST /path".`);
  }
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, parameter = '']) => parameter);
  return { method, path, parameters, hasBody: !withoutBody.has(method), nulls: Object.entries(nulls ?? {}), list };
}

/** Metadata of a call that a route understands as headers. */
const headers = [
  'authorization',
  'x-api-key',
  'idempotency-key',
  'x-correlation-id',
  'traceparent',
  'tracestate',
] as const;

/**
 * The request that a call stands for: path parameters, then the body, or the query string where there is no body. Throws
 * REQUEST_INVALID when a path parameter is missing.
 */
export function routeRequest(route: CalledRoute, message: object, metadata: Metadata): RouteRequest {
  const fields: Record<string, unknown> = { ...message };
  for (const [field, target] of route.nulls) {
    if (fields[field] === true) fields[target] = null;
    delete fields[field];
  }
  let url = route.path;
  for (const parameter of route.parameters) {
    const value = fields[parameter];
    const text = value === undefined ? '' : textOf(value);
    // As parts of a path they would lead to another route.
    if (text === '' || text === '.' || text === '..') {
      const problem = text === '' ? 'is required' : 'is no name';
      throw new MillraceError('REQUEST_INVALID', `The request is wrong in: ${parameter}.`, {
        fields: [{ field: parameter, problem }],
      });
    }
    url = url.replace(`:${parameter}`, () => encodeURIComponent(text));
    delete fields[parameter];
  }
  const sent = headersOf(metadata);
  if (route.hasBody) {
    return {
      method: route.method,
      url,
      headers: { ...sent, 'content-type': 'application/json' },
      payload: JSON.stringify(fields),
    };
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, textOf(one));
  }
  return {
    method: route.method,
    url: query.size === 0 ? url : `${url}?${query.toString()}`,
    headers: sent,
    payload: undefined,
  };
}

/** The metadata that means something to a route, as its headers. */
export function headersOf(metadata: Metadata): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of headers) {
    const values = metadata.get(name).map(String);
    if (values.length > 0) found[name] = values.join(',');
  }
  return found;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
