import {
  credentials,
  makeClientConstructor,
  Metadata,
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  loadSync,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';

/** What came of a call: the reply, or the failure with its details read. */
export interface CallResult {
  readonly reply: Readonly<Record<string, unknown>>;
  /** Sent before the reply. */
  readonly metadata: Metadata;
}

const options = { longs: String, enums: String } as const;
const platformProto = (name: string) => fileURLToPath(new URL(`../../src/server/grpc/protos/${name}`, import.meta.url));

/** The health protocol, as clients load it. */
export const healthProto = platformProto('grpc/health/v1/health.proto');
const statusMessages = loadSync(
  [platformProto('google/rpc/status.proto'), platformProto('google/rpc/error_details.proto')],
  options,
);

/** Loads .proto files as a client does. */
export function loadForClient(...files: readonly string[]): PackageDefinition {
  return loadSync([...files], options);
}

/** A real gRPC client of one service; its methods are called by name. */
export class GrpcClient {
  readonly #client: Client;
  readonly #service: ServiceDefinition;

  constructor(address: string, found: PackageDefinition, name: string, how?: ChannelCredentials) {
    const service = found[name];
    if (service === undefined || typeof service.format === 'string') throw new Error(`There is no service ${name}.`);
    this.#service = service;
    const Constructor = makeClientConstructor(this.#service, name);
    this.#client = new Constructor(address, how ?? credentials.createInsecure(), {
      // Clients of one process share connections otherwise.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  get methods(): readonly string[] {
    return Object.keys(this.#service);
  }

  call(method: string, request: object, metadata: object = {}, more: CallOptions = {}): Promise<CallResult> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    return new Promise((resolve, reject) => {
      let sent = new Metadata();
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadataOf(metadata),
        more,
        (error, reply) => {
          if (error !== null) reject(error);
          else resolve({ reply: { ...reply }, metadata: sent });
        },
      );
      call.on('metadata', (received: Metadata) => {
        sent = received;
      });
    });
  }

  /** The failure of a call that must fail. */
  async failure(method: string, request: object, metadata: object = {}, more: CallOptions = {}): Promise<GrpcFailure> {
    try {
      await this.call(method, request, metadata, more);
    } catch (error) {
      return new GrpcFailure(error as ServiceError);
    }
    throw new Error(`${method} did not fail.`);
  }

  watch(method: string, request: object, metadata: object = {}): ClientReadableStream<object> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    return this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadataOf(metadata),
    );
  }

  /** Sends one message of a two-way stream, and answers the first that comes back. */
  exchange(method: string, request: object): Promise<Record<string, unknown>> {
    const { path, requestSerialize, responseDeserialize } = this.#method(method);
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    return new Promise((resolve, reject) => {
      call.once('data', (reply: object) => resolve({ ...reply }));
      call.on('error', reject);
      call.write(request);
      call.end();
    });
  }

  close(): void {
    this.#client.close();
  }

  #method(name: string) {
    const method = this.#service[name];
    if (method === undefined) throw new Error(`There is no method ${name}.`);
    return method;
  }
}

function metadataOf(entries: object): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, String(value));
  return metadata;
}

/** A failed call, with what stands in its details. */
export class GrpcFailure {
  readonly status: number;
  readonly message: string;
  readonly metadata: Metadata;
  /** By the name of the message: `ErrorInfo`, `BadRequest`, `RetryInfo`. */
  readonly details: Readonly<Record<string, object>> = {};

  constructor({ code, details, metadata }: ServiceError) {
    this.status = code;
    this.message = details;
    this.metadata = metadata;
    const [bytes] = metadata.get('grpc-status-details-bin');
    if (!Buffer.isBuffer(bytes)) return;
    const { details: found = [] } = message('google.rpc.Status').deserialize(bytes) as {
      details?: { type_url: string; value: Buffer }[];
    };
    this.details = Object.fromEntries(
      found.map(({ type_url: url, value }) => {
        const name = url.replace('type.googleapis.com/', '');
        return [name.replace('google.rpc.', ''), message(name).deserialize(value)];
      }),
    );
  }

  /** The stable code of the catalogue. */
  get reason(): string {
    const { ErrorInfo: info } = this.details;
    return info !== undefined && 'reason' in info ? String(info.reason) : '';
  }
}

function message(name: string): MessageTypeDefinition<object, object> {
  const found = statusMessages[name];
  if (found === undefined || !('serialize' in found)) throw new Error(`There is no message ${name}.`);
  return found as MessageTypeDefinition<object, object>;
}
