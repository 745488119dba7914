/** The address without the port in what gRPC calls a peer: `127.0.0.1:5012`, `[::1]:5012`. */
export function addressOf(peer: string): string | undefined {
  const end = peer.lastIndexOf(':');
  if (end <= 0) return undefined;
  return peer.slice(0, end).replaceAll(/[[\]]/g, '');
}
