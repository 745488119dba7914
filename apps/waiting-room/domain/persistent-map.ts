/** 2^5 places in a node: five bits of the hash say which. */
const bits = 5;
const mask = 31;

type Entry<Value> = readonly [key: string, value: Value];
/** Entries whose hashes agree so far: one, nearly always. */
interface Leaf<Value> {
  readonly hash: number;
  readonly entries: readonly Entry<Value>[];
}
type Node<Value> = readonly (Child<Value> | undefined)[];
type Child<Value> = Leaf<Value> | Node<Value>;

/**
 * A map whose changes leave it as it is and return another one that shares nearly everything with it. For states that
 * hold many things: copying a `Map` of 10,000 for each event would cost more than storing the event.
 */
export class PersistentMap<Value> implements Iterable<Entry<Value>> {
  readonly size: number;
  readonly #root: Node<Value>;

  private constructor(root: Node<Value>, size: number) {
    this.#root = root;
    this.size = size;
  }

  static of<Value>(entries: Iterable<Entry<Value>> = []): PersistentMap<Value> {
    let map = new PersistentMap<Value>([], 0);
    for (const [key, value] of entries) map = map.set(key, value);
    return map;
  }

  get(key: string): Value | undefined {
    const hash = hashOf(key);
    let child: Child<Value> | undefined = this.#root;
    for (let shift = 0; isNode(child); shift += bits) child = child[(hash >>> shift) & mask];
    return child?.entries.find(([known]) => known === key)?.[1];
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: Value): PersistentMap<Value> {
    const size = this.has(key) ? this.size : this.size + 1;
    return new PersistentMap(withEntry(this.#root, 0, { hash: hashOf(key), entries: [[key, value]] }), size);
  }

  delete(key: string): PersistentMap<Value> {
    if (!this.has(key)) return this;
    return new PersistentMap(withoutKey(this.#root, 0, hashOf(key), key), this.size - 1);
  }

  *[Symbol.iterator](): Iterator<Entry<Value>> {
    const left: (Child<Value> | undefined)[] = [this.#root];
    while (left.length > 0) {
      const child = left.pop();
      if (isNode(child)) left.push(...child);
      else if (child !== undefined) yield* child.entries;
    }
  }
}

function isNode<Value>(child: Child<Value> | undefined): child is Node<Value> {
  return Array.isArray(child);
}

function withEntry<Value>(node: Node<Value>, shift: number, added: Leaf<Value>): Node<Value> {
  const place = (added.hash >>> shift) & mask;
  const child = node[place];
  let next: Child<Value>;
  if (child === undefined) next = added;
  else if (isNode(child)) next = withEntry(child, shift + bits, added);
  else if (child.hash === added.hash) {
    const others = child.entries.filter(([key]) => key !== added.entries[0]?.[0]);
    next = { hash: child.hash, entries: [...others, ...added.entries] };
  } else next = withEntry(withEntry([], shift + bits, child), shift + bits, added);
  return replaced(node, place, next);
}

function withoutKey<Value>(node: Node<Value>, shift: number, hash: number, key: string): Node<Value> {
  const place = (hash >>> shift) & mask;
  const child = node[place];
  if (child === undefined) return node;
  if (isNode(child)) return replaced(node, place, withoutKey(child, shift + bits, hash, key));
  const entries = child.entries.filter(([known]) => known !== key);
  return replaced(node, place, entries.length === 0 ? undefined : { hash: child.hash, entries });
}

function replaced<Value>(node: Node<Value>, place: number, child: Child<Value> | undefined): Node<Value> {
  const copy = node.slice();
  // Without holes, so that the engine keeps its fast kind of array.
  while (copy.length <= place) copy.push(undefined);
  copy[place] = child;
  return copy;
}

/** FNV-1a over UTF-16 units. Source: the Fowler–Noll–Vo specification, 32 bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
