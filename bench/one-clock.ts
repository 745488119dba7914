import process from 'node:process';

/** Milliseconds on the machine's monotonic clock, which all of its processes share. `performance.now()` is of one process. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
