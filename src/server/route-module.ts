import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { RunningSystem } from '../running-system.ts';

/** The server as route modules see it: Fastify with types taken from TypeBox schemas. */
export type MillraceServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/**
 * Adds routes to the server; called once at start. Unknown fields of bodies and query strings are refused, whether the
 * schema says so or not.
 * @example
 * const routes: RouteModule = (server, system) => {
 *   server.get('/api/carts', { schema: { querystring: Type.Object({ ...minPositionParameter }) } }, (request) =>
 *     system.readModels.query('select * from cart_view', [], minPositionOf(request.query)));
 * };
 */
export type RouteModule = (server: MillraceServer, system: RunningSystem) => void | Promise<void>;

/** What every request carries besides its content. Hand it to `execute` as metadata. */
export interface RequestContext {
  /** Taken from `X-Correlation-Id` or `Correlation-ID`, or made; echoed on every answer. */
  readonly correlationId: string;
  /** W3C trace context: of this request where it is traced, else what came along when it was well-formed. */
  readonly traceparent: string | undefined;
  /** What tracing systems pass along with it. */
  readonly tracestate?: string | undefined;
  /** `anonymous` when nobody signed in. */
  readonly actor: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext;
  }
  interface FastifyInstance {
    /** The system that this server serves. */
    system: RunningSystem;
  }
}
