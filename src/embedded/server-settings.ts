import os from 'node:os';

/**
 * The settings of the embedded server, all in one place. The load is many small rows on a small machine (2 cores), and
 * an answered command must survive anything.
 */

const megabyte = 1024 * 1024;

/** An eighth of the memory that this process may use (a container's limit counts), between 32 and 256 MB. */
export function sharedBuffersMegabytes(memoryBytes: number): number {
  return Math.max(32, Math.min(256, Math.floor(memoryBytes / 8 / megabyte)));
}

function usableMemory(): number {
  // 0 or a huge number means that nothing limits the process.
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}

const quoted = (value: string | number) => `'${String(value).replaceAll("'", "''")}'`;

/**
 * The text of `postgresql.conf`. Written anew at each start, so a newer Millrace brings its own settings; a change of
 * one's own belongs into `ALTER SYSTEM`, which PostgreSQL reads last.
 * `durable: false` is only for test servers: nothing survives a power cut then. `version` is that of the programs: a
 * running server whose file differs is restarted rather than taken over.
 */
export function serverSettings(options: { durable: boolean; version: string }): string {
  const settings: [name: string, value: string | number, why: string][] = [
    ['listen_addresses', '127.0.0.1', 'this machine only'],
    ['unix_socket_directories', '', 'one way in, with a password; socket paths are also too short for deep folders'],
    ['max_connections', 100, 'a few pools of 10 to 20; every slot costs memory'],

    ['shared_buffers', `${sharedBuffersMegabytes(usableMemory())}MB`, 'holds the hot index pages of the log'],
    ['max_parallel_workers_per_gather', 0, 'a parallel query would take the core that commits need'],
    ['jit', 'off', 'compiling costs more than our short queries'],

    ['fsync', options.durable ? 'on' : 'off', options.durable ? 'success means stored' : 'a throw-away test server'],
    ['full_page_writes', options.durable ? 'on' : 'off', 'protects from half-written pages after a power cut'],
    ['synchronous_commit', 'on', 'success means stored'],
    ['wal_level', 'replica', 'allows physical backup and a standby without a restart'],
    ['wal_compression', 'off', 'saves disk but costs processor time, and the processor is what is short'],
    ['max_wal_size', '4GB', 'checkpoints come by time, not by volume: fewer full page images'],
    ['min_wal_size', '512MB', 'used segments are kept for reuse instead of being made anew under load'],
    ['checkpoint_timeout', '15min', 'fewer full page images; recovery after kill -9 stays a matter of seconds'],
    ['autovacuum_naptime', '15s', 'statistics of a table that grew from empty: plans follow them'],

    ['client_connection_check_interval', '5s', 'a query whose client was killed ends, and lets a restart begin'],

    ['timezone', 'UTC', 'times look the same on every machine'],
    ['lc_messages', 'C', 'the log is read by programs and asked about in forums'],
    ['log_timezone', 'UTC', 'as above'],
    ['log_line_prefix', '%m [%p] %d ', 'when, which process, which database'],
    ['log_min_error_statement', 'panic', 'statements hold values, and values may be personal'],
    ['log_error_verbosity', 'terse', 'the detail line of an error repeats the row'],
  ];
  return [
    `# Written by Millrace at each start, for the programs ${options.version}. For settings of your own use ALTER SYSTEM.`,
    ...settings.map(([name, value, why]) => `${name} = ${quoted(value)} # ${why}`),
    '',
  ].join('\n');
}
