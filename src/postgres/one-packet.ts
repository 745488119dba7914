import type pg from 'pg';

/**
 * Hands everything that `send` sends on a pipelined connection to the operating system at once. Each call into it wakes
 * the server, which on a machine with few cores takes the processor away from the sender, statement by statement.
 * @example const results = await Promise.all(inOnePacket(client, () => [client.query('begin'), client.query('commit')]));
 */
export function inOnePacket<Result>(client: pg.Client, send: () => Result): Result {
  const { stream } = client.connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}
