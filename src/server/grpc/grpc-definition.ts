/** A method of one request and one answer: a route of the HTTP interface under another name. */
export interface GrpcMethod {
  /** Method and path as the route was added: `POST /api/carts/:cartId`. */
  readonly route: string;
  /** For a route that answers a list: the field of the reply that takes it. */
  readonly list?: string;
  /**
   * Fields of the request that say null, which protobuf cannot: with `{ noLimit: 'limit' }`, `no_limit: true` is sent to
   * the route as `limit: null`.
   */
  readonly nulls?: { readonly [field: string]: string };
}

/**
 * A method that answers with the live rows of a feed. Its request has `after` and the parameters of the feed's filters.
 * Its reply has `position` and one of `hello`, `reset` (with `reason`), `heartbeat`, or a field named after a view with
 * the changed `rows`.
 */
export interface GrpcStream {
  /** The name of the feed. */
  readonly feed: string;
}

/**
 * What of an application is served by gRPC. Every method of the services in the files has an entry, and every entry a
 * method. Field names are those of the HTTP interface in snake_case; what the route leaves out or answers with null is
 * absent.
 * @example
 * const grpc: GrpcDefinition = {
 *   protos: [new URL('../proto/shop/v1/carts.proto', import.meta.url)],
 *   methods: { 'shop.v1.Carts/AddItem': { route: 'POST /api/carts/:cartId/items' } },
 *   streams: { 'shop.v1.Carts/WatchCarts': { feed: 'carts' } },
 * };
 */
export interface GrpcDefinition {
  /** The .proto files. Those of `google/protobuf/` are there to import. */
  readonly protos: readonly URL[];
  /** By `package.Service/Method`. */
  readonly methods: { readonly [method: string]: GrpcMethod };
  /** By `package.Service/Method`. Default: none. */
  readonly streams?: { readonly [method: string]: GrpcStream };
  /**
   * Codes of refusals that say that what is asked for is there already: they become ALREADY_EXISTS instead of
   * FAILED_PRECONDITION.
   */
  readonly alreadyExists?: readonly string[];
}
