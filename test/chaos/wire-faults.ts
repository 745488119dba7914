import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Scene } from './fault.ts';
import type { WireProxy } from './wire-proxy.ts';

type Wire = 'postgres' | 'rabbitmq';

function wireOf({ stage }: Scene, wire: Wire): WireProxy {
  const found = wire === 'postgres' ? stage.postgresWire : stage.rabbitWire;
  if (found === undefined) throw new Error('This fault needs the proxies.');
  return found;
}

function common(wire: Wire): Pick<Fault, 'stage' | 'needs' | 'takeover' | 'refusesNothing'> {
  const isBroker = wire === 'rabbitmq';
  return {
    stage: 'proxied',
    needs: isBroker ? ['rabbitmq'] : [],
    takeover: isBroker ? 'projector' : 'api',
    refusesNothing: isBroker,
  };
}

function cut(wire: Wire): Fault {
  return {
    ...common(wire),
    name: `wire-${wire}-cut`,
    seconds: 5,
    async play(scene) {
      scene.countFromNow();
      for (let times = scene.random.between(1, 4); times > 0; times -= 1) {
        wireOf(scene, wire).cut();
        await pause(scene.random.between(20, 600), undefined, { signal: scene.signal });
      }
    },
  };
}

function delay(wire: Wire): Fault {
  return {
    ...common(wire),
    name: `wire-${wire}-delay`,
    // Slow is not down: commands are only late.
    seconds: 8,
    async play(scene) {
      const proxy = wireOf(scene, wire);
      proxy.delay(scene.random.between(50, 250));
      try {
        await pause(scene.random.between(2_000, 4_000), undefined, { signal: scene.signal });
      } finally {
        proxy.pass();
      }
    },
  };
}

/** Nothing comes through for longer than a lease, and then all of it at once: as after a network was away. */
function stall(wire: Wire): Fault {
  return {
    ...common(wire),
    name: `wire-${wire}-stall`,
    seconds: 12,
    async play(scene) {
      const proxy = wireOf(scene, wire);
      proxy.hold();
      try {
        await pause(scene.random.between(5_000, 7_000), undefined, { signal: scene.signal });
      } finally {
        proxy.pass();
      }
      scene.countFromNow();
    },
  };
}

/** Nothing comes through, and nobody is told: longer than a lease, and than the heartbeat of a broker. */
function halfOpen(wire: Wire): Fault {
  return {
    ...common(wire),
    name: `wire-${wire}-half-open`,
    seconds: 30,
    async play(scene) {
      const proxy = wireOf(scene, wire);
      proxy.halfOpen();
      try {
        await pause(scene.random.between(6_000, 12_000), undefined, { signal: scene.signal });
      } finally {
        // The connections that lost something stay dead until somebody gives them up; new ones are in order.
        proxy.pass();
      }
      scene.countFromNow();
    },
  };
}

export const wireFaults: readonly Fault[] = (['postgres', 'rabbitmq'] as const).flatMap((wire) => [
  cut(wire),
  delay(wire),
  stall(wire),
  halfOpen(wire),
]);
