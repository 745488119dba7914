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

/** One of each kind, for a bounded run: about four minutes with what it has to start. */
export const quickSelection: readonly string[] = [
  'api-kill',
  'relay-kill',
  'projector-kill',
  'relay-freeze',
  'postgres-kill',
  'rabbitmq-kill',
  'rabbitmq-queue-deleted',
  'rabbitmq-last-message-lost',
  'rabbitmq-copies',
  'poison-event',
  'wire-postgres-cut',
  'wire-rabbitmq-half-open',
  'postgres-disk-full',
  'restore-older-dump-written-past',
];
