import { availableParallelism, cpus, totalmem } from 'node:os';

/** What the figures of a run depend on. */
export interface MachineDescription {
  readonly cores: number;
  readonly cpuModel: string;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly nodeVersion: string;
  readonly postgresVersion: string;
  /** The server's settings that decide what a commit costs. */
  readonly postgresSettings: Readonly<Record<string, string>>;
  /** `embedded` is a server started for this run; `given` is the one of BENCH_POSTGRES_URL. */
  readonly postgres: 'embedded' | 'given';
}

/** Describes this machine and the server of the run. */
export function describeMachine(
  server: Pick<MachineDescription, 'postgres' | 'postgresVersion' | 'postgresSettings'>,
): MachineDescription {
  return {
    cores: availableParallelism(),
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    nodeVersion: process.versions.node,
    ...server,
  };
}
