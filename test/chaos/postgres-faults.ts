import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Scene } from './fault.ts';

const stopped = ({ random, signal }: Scene): Promise<void> => pause(random.between(0, 2_000), undefined, { signal });

const kill: Fault = {
  name: 'postgres-kill',
  stage: 'plain',
  needs: [],
  takeover: 'api',
  refusesNothing: false,
  seconds: 6,
  async play(scene) {
    await scene.stage.postgres.kill();
    await stopped(scene);
    await scene.stage.postgres.start();
    scene.countFromNow();
  },
};

const immediateStop: Fault = {
  name: 'postgres-immediate-stop',
  stage: 'plain',
  needs: [],
  takeover: 'api',
  refusesNothing: false,
  seconds: 6,
  async play(scene) {
    await scene.stage.postgres.stopImmediately();
    await stopped(scene);
    await scene.stage.postgres.start();
    scene.countFromNow();
  },
};

const killBackends: Fault = {
  name: 'postgres-kill-backends',
  stage: 'plain',
  needs: [],
  takeover: 'api',
  refusesNothing: false,
  seconds: 5,
  async play(scene) {
    scene.countFromNow();
    const killed = await scene.stage.postgres.killBackends(scene.random.between(1, 4));
    if (killed === 0) scene.violated('there was no backend to kill');
    // The postmaster ends the others and recovers by itself.
    await scene.stage.postgres.start();
  },
};

/**
 * The disk of the database is full: commands fail, as they must, until there is room again. PostgreSQL gives up when it
 * cannot write its log, so it is started again by hand, as an operator or a supervisor would.
 */
const diskFull: Fault = {
  name: 'postgres-disk-full',
  stage: 'small-disk',
  needs: ['root'],
  takeover: 'api',
  refusesNothing: false,
  seconds: 14,
  async play({ stage, random, countFromNow, violated, signal }) {
    const logged = (await readFile(stage.postgres.logFile, 'utf8')).length;
    const makeRoom = await stage.postgres.fillDisk();
    try {
      await pause(random.between(4_000, 6_000), undefined, { signal });
    } finally {
      await makeRoom();
    }
    const said = (await readFile(stage.postgres.logFile, 'utf8')).slice(logged);
    if (!said.includes('No space left on device')) violated('the disk was never full');
    await stage.postgres.start();
    countFromNow();
  },
};

export const postgresFaults: readonly Fault[] = [kill, immediateStop, killBackends, diskFull];
