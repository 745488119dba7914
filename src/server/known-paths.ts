/**
 * Which methods a path takes. The router finds a handler for a method and a path; this answers the other question, and
 * only when the router found nothing.
 */
export class KnownPaths {
  readonly #byPattern = new Map<string, { readonly matches: RegExp; readonly methods: Set<string> }>();

  add(pattern: string, methods: string | readonly string[]): void {
    let known = this.#byPattern.get(pattern);
    if (known === undefined) {
      known = { matches: toRegExp(pattern), methods: new Set() };
      this.#byPattern.set(pattern, known);
    }
    for (const method of typeof methods === 'string' ? [methods] : methods) known.methods.add(method.toUpperCase());
  }

  /** The methods of a path, sorted; empty when nothing is there. */
  methodsOf(url: string): string[] {
    const query = url.indexOf('?');
    const path = query === -1 ? url : url.slice(0, query);
    const methods = new Set<string>();
    for (const known of this.#byPattern.values()) {
      if (known.matches.test(path)) for (const method of known.methods) methods.add(method);
    }
    return [...methods].toSorted();
  }
}

/** `/a/:id/*` as a pattern over whole paths; parameters with a pattern of their own match any part. */
function toRegExp(pattern: string): RegExp {
  const parts = pattern.split('/').map((part) => {
    if (part === '*') return '.*';
    if (part.startsWith(':')) return '[^/]+';
    return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('/')}$`);
}
