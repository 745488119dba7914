import type { Fault } from './fault.ts';
import { poisonFaults } from './poison-fault.ts';
import { postgresFaults } from './postgres-faults.ts';
import { rabbitmqFaults } from './rabbitmq-faults.ts';
import { roleFaults } from './role-faults.ts';
import { wireFaults } from './wire-faults.ts';

/** Stages in this order: a stage is set up once for all of its faults. */
const stages = ['plain', 'proxied', 'cluster', 'small-disk'];

/** Every fault there is, in the order in which they are played. */
export const faults: readonly Fault[] = [
  ...roleFaults,
  ...postgresFaults,
  ...rabbitmqFaults,
  ...wireFaults,
  ...poisonFaults,
].sort((a, b) => stages.indexOf(a.stage) - stages.indexOf(b.stage));
