/** A read-model relation whose changed rows are sent to whoever listens. */
export interface LiveView {
  /** The name in messages. */
  readonly name: string;
  /** Table or view of the primary projection; needs an index that serves `positionColumn`. */
  readonly relation: string;
  /** Holds the position of the event that wrote the row last. Sent with every row. */
  readonly positionColumn: string;
  /** What is sent of a row. Anyone who can reach the feed sees it: nothing personal on a public feed. */
  readonly columns: readonly string[];
  /** A query parameter that narrows the rows to those with that value in a column. */
  readonly filter?: { readonly parameter: string; readonly column: string };
}

/**
 * Live updates of some views by WebSocket and by server-sent events.
 * @example
 * const carts: LiveFeedDefinition = { name: 'carts', webSocketPath: '/ws/carts', ssePath: '/api/carts/live',
 *   views: [{ name: 'carts', relation: 'cart_view', positionColumn: 'position', columns: ['id', 'total'],
 *             filter: { parameter: 'cartId', column: 'id' } }] };
 */
export interface LiveFeedDefinition {
  readonly name: string;
  readonly webSocketPath: string;
  readonly ssePath: string;
  readonly views: readonly LiveView[];
}

/** Why a client has to load its snapshot again. */
export type ResetReason =
  | 'after-invalid' // `after` is no position
  | 'after-ahead' // `after` lies beyond the read model: another log, or an older backup
  | 'too-many-changes' // more rows changed since `after` than are sent again
  | 'read-model-replaced'; // rows changed without a newer position: a rebuild, or dead letters applied late

/**
 * What a client hears, as JSON. `position` in each of them: everything up to there was sent, and a client that comes
 * back with `after=<position>` misses nothing. A row may come twice; the one with the higher position counts.
 *
 * `hello` comes first. After `reset` no older rows follow: the client loads its snapshot by REST with
 * `minPosition=<position>`, and what changes later keeps coming on the same connection.
 */
export type LiveMessage =
  | { readonly type: 'hello'; readonly position: number }
  | { readonly type: 'rows'; readonly view: string; readonly position: number; readonly rows: readonly object[] }
  | { readonly type: 'reset'; readonly position: number; readonly reason: ResetReason }
  | { readonly type: 'heartbeat'; readonly position: number };
