import type { KeyOfCommand } from '../commands/command-key.ts';
import type { DecidedEvent, Decider } from '../commands/decider.ts';
import type { JsonObject, NewEvent } from '../events/envelope.ts';
import type { RunningSystem } from '../running-system.ts';
import type { RequestContext } from './route-module.ts';

/** What is needed of a request to send a command; every Fastify request of this server fits. */
export interface CommandRequest {
  readonly context: RequestContext;
  readonly method: string;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly routeOptions: { readonly url?: string | undefined };
  readonly params: unknown;
  readonly body: unknown;
  readonly server: { readonly system: RunningSystem };
}

/** What is needed of a reply; every Fastify reply of this server fits. */
export interface CommandReply {
  statusCode: number;
  header(name: string, value: string): unknown;
}

/** A command to send, and what to answer. */
export interface SentCommand<State, Command, Event extends DecidedEvent, Answer extends JsonObject> {
  readonly decider: Decider<State, Command, Event>;
  readonly command: Command;
  /** Made from the decided events, kept with the key and answered again when the key comes again. Default `{}`. */
  readonly answer?: (events: readonly NewEvent[]) => Answer;
  /** HTTP status of success. Default 200. */
  readonly status?: number;
}

/**
 * The `Idempotency-Key` (or `X-Idempotency-Key`) of a request, bound to who sent it where; undefined when there is
 * none. `body` is the request as understood: the same key with another body is refused with KEY_REUSED.
 */
export function keyOf(request: CommandRequest, body: unknown): KeyOfCommand | undefined {
  const value = request.headers['idempotency-key'] ?? request.headers['x-idempotency-key'];
  if (value === undefined) return undefined;
  return {
    scope: `${request.context.actor} ${request.method} ${request.routeOptions.url ?? ''}`,
    value: Array.isArray(value) ? value.join(',') : value,
    request: { params: request.params, body },
  };
}

/**
 * Executes a command and makes its answer: what `answer` made of the events, with the command's `position`. Sets the
 * status, and `Idempotency-Replayed: true` when the key was used before. Refusals are thrown and become problems.
 * @example
 * server.post('/api/carts', { schema: { body: NewCart, response: { 201: CartAnswer } } }, (request, reply) =>
 *   sendCommand(request, reply, { decider: cart, command: request.body, answer: (events) => ({ … }), status: 201 }));
 */
export async function sendCommand<State, Command, Event extends DecidedEvent, Answer extends JsonObject = JsonObject>(
  request: CommandRequest,
  reply: CommandReply,
  sent: SentCommand<State, Command, Event, Answer>,
): Promise<Answer & { position: number }> {
  const key = keyOf(request, request.body);
  const result = await request.server.system.execute(sent.decider, sent.command, {
    metadata: request.context,
    ...(key === undefined ? {} : { key }),
    ...(sent.answer === undefined ? {} : { answer: sent.answer }),
  });
  reply.statusCode = sent.status ?? 200;
  if (result.replayed) reply.header('idempotency-replayed', 'true');
  // The answer was made by `sent.answer`, now or when the key was used first.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { ...(result.answer as Answer), position: result.position };
}
