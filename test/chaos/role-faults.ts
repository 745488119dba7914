import { setTimeout as pause } from 'node:timers/promises';
import type { Role } from '../../src/running-system.ts';
import type { Fault, Scene } from './fault.ts';
import type { RoleProcess } from './role-process.ts';

/** Longer than a lease: when the frozen one wakes up, another one has taken over. */
const frozenMs = { from: 6_000, to: 8_000 };

async function victim({ stage, random }: Scene, role: Role): Promise<RoleProcess> {
  // Mostly the one that works; sometimes it is the other one, which nobody may notice.
  if (role !== 'api' && random.next() < 0.8) return stage.active(role);
  return random.pick(stage.of(role));
}

function killOf(role: Role): Fault {
  return {
    name: `${role}-kill`,
    stage: 'plain',
    needs: [],
    takeover: role,
    refusesNothing: role !== 'api',
    seconds: 5,
    async play(scene) {
      const one = await victim(scene, role);
      scene.countFromNow();
      await one.kill();
      await pause(scene.random.between(0, 1_500), undefined, { signal: scene.signal });
      await one.start();
    },
  };
}

function freezeOf(role: Role): Fault {
  return {
    name: `${role}-freeze`,
    stage: 'plain',
    needs: [],
    takeover: role,
    refusesNothing: role !== 'api',
    seconds: 12,
    async play(scene) {
      const one = await victim(scene, role);
      scene.countFromNow();
      one.freeze();
      try {
        const forMs = scene.random.between(frozenMs.from, frozenMs.to);
        await pause(forMs, undefined, { signal: scene.signal });
      } finally {
        one.thaw();
      }
    },
  };
}

/** kill -9 of both processes of a role, so that there is nobody to take over until they are started again. */
function killAllOf(role: 'relay' | 'projector'): Fault {
  return {
    name: `${role}-kill-all`,
    stage: 'plain',
    needs: [],
    refusesNothing: true,
    seconds: 6,
    async play({ stage, random, signal }) {
      const all = stage.of(role);
      await Promise.all(all.map((one) => one.kill()));
      await pause(random.between(500, 2_500), undefined, { signal });
      await Promise.all(all.map((one) => one.start()));
    },
  };
}

export const roleFaults: readonly Fault[] = [
  killOf('api'),
  killOf('relay'),
  killOf('projector'),
  killAllOf('relay'),
  killAllOf('projector'),
  freezeOf('api'),
  freezeOf('relay'),
  freezeOf('projector'),
];
