import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

const proto = readFileSync(new URL('otlp.proto', import.meta.url), 'utf8');
const request = protobuf
  .parse(proto, { keepCase: false })
  .root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest');

const anyValue = Type.Object({
  stringValue: Type.Optional(Type.String()),
  boolValue: Type.Optional(Type.Boolean()),
  intValue: Type.Optional(Type.Number()),
  doubleValue: Type.Optional(Type.Number()),
});
const attributes = Type.Array(Type.Object({ key: Type.String(), value: anyValue }));
const bytes = Type.Unsafe<Uint8Array>(Type.Unknown());
const decoded = Type.Object({
  resourceSpans: Type.Array(
    Type.Object({
      resource: Type.Object({ attributes }),
      scopeSpans: Type.Array(
        Type.Object({
          spans: Type.Array(
            Type.Object({
              traceId: bytes,
              spanId: bytes,
              traceState: Type.String(),
              parentSpanId: bytes,
              name: Type.String(),
              kind: Type.Number(),
              startTimeUnixNano: Type.Number(),
              endTimeUnixNano: Type.Number(),
              attributes,
              links: Type.Array(Type.Object({ traceId: bytes, spanId: bytes })),
              droppedLinksCount: Type.Number(),
              status: Type.Union([Type.Null(), Type.Object({ message: Type.String(), code: Type.Number() })]),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** A span as it was received. */
export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parent: string;
  readonly tracestate: string;
  readonly name: string;
  /** As OTLP numbers them: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: { readonly [key: string]: string | number | boolean | undefined };
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly failed: boolean;
}

/** A receiver of OTLP over HTTP, as a collector is one: it decodes what it is sent, and keeps it. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** All that was sent, as it came. */
  readonly bodies: Buffer[] = [];
  readonly url: string;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();
  /** Gives no answer while it is set. */
  silent = false;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(): Promise<OtlpReceiver> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('There is no port.');
    const receiver = new OtlpReceiver(server, `http://127.0.0.1:${address.port}`);
    server.on('request', (incoming, answer) => void receiver.#take(incoming, answer));
    return receiver;
  }

  /** Resolves when something holds of what was received; fails after 40 seconds, with the names of what is there. */
  async until(what: string, holds: (spans: readonly ReceivedSpan[]) => boolean): Promise<void> {
    if (holds(this.spans)) return;
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!holds(this.spans)) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`waited in vain for: ${what}; there are ${this.spans.map(({ name }) => name).join(', ')}`));
      }, 40_000);
      this.#waiting.add(look);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const sent = await buffer(incoming);
    if (this.silent) return;
    const body = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    if (incoming.url !== '/v1/traces' || incoming.headers['content-type'] !== 'application/x-protobuf') {
      answer.writeHead(404).end();
      return;
    }
    this.bodies.push(body);
    this.spans.push(...spansIn(body));
    answer.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    for (const look of this.#waiting) look();
  }
}

function spansIn(body: Buffer): ReceivedSpan[] {
  const plain = request.toObject(request.decode(body), { longs: Number, defaults: true });
  return Value.Parse(decoded, plain).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        service,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parent: hex(span.parentSpanId),
        tracestate: span.traceState,
        name: span.name,
        kind: span.kind,
        start: span.startTimeUnixNano / 1e6,
        end: span.endTimeUnixNano / 1e6,
        attributes: valuesOf(span.attributes),
        links: span.links.map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
        failed: span.status?.code === 2,
      })),
    );
  });
}

function valuesOf(list: Static<typeof attributes>): ReceivedSpan['attributes'] {
  const one = ({ stringValue, boolValue, intValue, doubleValue }: Static<typeof anyValue>) =>
    stringValue ?? boolValue ?? intValue ?? doubleValue;
  return Object.fromEntries(list.map(({ key, value }) => [key, one(value)]));
}

function hex(part: Uint8Array): string {
  return Buffer.from(part).toString('hex');
}
