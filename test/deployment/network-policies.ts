import type { Resource } from './schema-check.ts';

/** A pod as policies see it. */
export interface Peer {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}
interface Rule {
  readonly from?: readonly { readonly podSelector?: Selector; readonly namespaceSelector?: Selector }[];
  readonly to?: Rule['from'];
  readonly ports?: readonly { readonly port: number; readonly endPort?: number }[];
}
interface Policy extends Resource {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

/** Whether one pod may open a connection to a port of another: its own policies let it out, and the other's let it in. */
export function mayConnect(resources: readonly Resource[], from: Peer, to: Peer, port: number): boolean {
  const policies = resources.filter((one): one is Policy => one.kind === 'NetworkPolicy');
  return passes(policies, 'Egress', from, to, port) && passes(policies, 'Ingress', to, from, port);
}

function passes(
  policies: readonly Policy[],
  direction: 'Ingress' | 'Egress',
  of: Peer,
  other: Peer,
  port: number,
): boolean {
  const those = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === of.namespace &&
      spec.policyTypes.includes(direction) &&
      selects(spec.podSelector, of.labels),
  );
  if (those.length === 0) return true; // nobody said anything about this pod
  const rules = those.flatMap(({ spec }) => (direction === 'Ingress' ? spec.ingress : spec.egress) ?? []);
  return rules.some((rule) => {
    const peers = direction === 'Ingress' ? rule.from : rule.to;
    const hasPort =
      rule.ports === undefined || rule.ports.some((one) => port >= one.port && port <= (one.endPort ?? one.port));
    return hasPort && (peers === undefined || peers.some((peer) => isPeer(peer, of.namespace, other)));
  });
}

function isPeer(peer: NonNullable<Rule['from']>[number], namespace: string, other: Peer): boolean {
  const inNamespace =
    peer.namespaceSelector === undefined
      ? other.namespace === namespace
      : selects(peer.namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace });
  return inNamespace && (peer.podSelector === undefined || selects(peer.podSelector, other.labels));
}

function selects(
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`The test does not know ${operator}.`);
      return values.includes(labels[key] ?? '');
    })
  );
}
