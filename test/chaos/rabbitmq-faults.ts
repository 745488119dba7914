import { setTimeout as pause } from 'node:timers/promises';
import { waitingRoom } from '../../apps/waiting-room/system.ts';
import type { RabbitMq } from '../support/rabbitmq-server.ts';
import type { ConsumeMessage } from 'amqplib';
import type { Fault, Scene } from './fault.ts';
import { RabbitMqHand } from './rabbitmq-hand.ts';
import { waitFor } from './wait-for.ts';

/** Lost messages are noticed by an idle consumer within a second; so long it may take with everything around it. */
const noticedWithinMs = 3_000;

function rabbitOf({ stage }: Scene): RabbitMq {
  if (stage.rabbit === undefined) throw new Error('This fault needs RabbitMQ.');
  return stage.rabbit;
}

async function withHand(scene: Scene, work: (hand: RabbitMqHand) => Promise<void>): Promise<void> {
  const hand = await RabbitMqHand.at(rabbitOf(scene).url);
  try {
    await work(hand);
  } finally {
    await hand.close();
  }
}

const rest = ({ random, signal }: Scene, low: number, high: number) =>
  pause(random.between(low, high), undefined, { signal });

const common = { stage: 'plain', needs: ['rabbitmq'], refusesNothing: true } as const;

const kill: Fault = {
  ...common,
  name: 'rabbitmq-kill',
  takeover: 'projector',
  seconds: 14,
  async play(scene) {
    await rabbitOf(scene).kill();
    await rest(scene, 0, 2_000);
    await rabbitOf(scene).start();
    scene.countFromNow();
  },
};

const restart: Fault = {
  ...common,
  name: 'rabbitmq-restart',
  takeover: 'projector',
  seconds: 22,
  async play(scene) {
    await rabbitOf(scene).restart();
    scene.countFromNow();
  },
};

const frozen: Fault = {
  ...common,
  name: 'rabbitmq-freeze',
  takeover: 'projector',
  seconds: 20,
  async play(scene) {
    rabbitOf(scene).pause();
    try {
      await rest(scene, 6_000, 12_000);
    } finally {
      rabbitOf(scene).resume();
    }
    scene.countFromNow();
  },
};

const queueDeleted: Fault = {
  ...common,
  name: 'rabbitmq-queue-deleted',
  takeover: 'projector',
  seconds: 5,
  async play(scene) {
    await withHand(scene, async (hand) => {
      scene.countFromNow();
      await hand.deleteQueues(scene.stage.queues);
    });
    await rest(scene, 500, 1_500);
  },
};

/** Publishers are blocked, as when the broker's memory is full. */
const memoryAlarm: Fault = {
  ...common,
  name: 'rabbitmq-memory-alarm',
  takeover: 'projector',
  seconds: 10,
  async play(scene) {
    await rabbitOf(scene).ctl('set_vm_memory_high_watermark', '0.00001');
    try {
      await rest(scene, 2_000, 5_000);
    } finally {
      await rabbitOf(scene).ctl('set_vm_memory_high_watermark', '0.4');
    }
    scene.countFromNow();
  },
};

/** Messages expire before anybody takes them. */
const expired: Fault = {
  ...common,
  name: 'rabbitmq-messages-expire',
  seconds: 10,
  async play(scene) {
    const rabbit = rabbitOf(scene);
    const projectors = scene.stage.of('projector');
    await Promise.all(projectors.map((one) => one.kill()));
    await rabbit.ctl(
      'set_policy',
      'chaos-ttl',
      '.*projection.*|.*analytics.*',
      '{"message-ttl":1}',
      '--apply-to',
      'queues',
    );
    try {
      await rest(scene, 1_000, 2_000);
    } finally {
      await rabbit.ctl('clear_policy', 'chaos-ttl');
      await Promise.all(projectors.map((one) => one.start()));
    }
  },
};

/** The last messages of all are gone, with nothing behind them that would show the hole. */
const lastLost: Fault = {
  ...common,
  name: 'rabbitmq-last-message-lost',
  seconds: 8,
  async play(scene) {
    const { stage, load } = scene;
    load.pauseSending();
    await load.settled();
    const projectors = stage.of('projector');
    await Promise.all(projectors.map((one) => one.kill()));
    await withHand(scene, async (hand) => {
      await allPublished(scene);
      if ((await hand.purge(stage.queues)) === 0) {
        // What was under way was applied before the kill: one more, which nobody can have taken.
        await load.sendNow((n) => ({
          n,
          kind: 'check-in',
          path: '/api/waiting-room/check-in',
          body: { queueId: 'queue-1', patientName: 'The last one', consultationType: 'General' },
        }));
        await allPublished(scene);
        await hand.purge(stage.queues);
      }
    });
    await Promise.all(projectors.map((one) => one.start()));
  },
};

/** A stranger takes messages away under a consumer that works; then everything is quiet. */
const stolen: Fault = {
  ...common,
  name: 'rabbitmq-messages-stolen',
  seconds: 6,
  async play(scene) {
    const { stage, load } = scene;
    await withHand(scene, async (hand) => {
      const stealing = Promise.all(stage.queues.map((queue) => hand.takeAll(queue, 600)));
      await rest(scene, 500, 1_200);
      load.pauseSending();
      await load.settled();
      await stealing;
    });
    scene.measured('noticed', await caughtUp(scene));
  },
};

/** Copies of messages come again, later and in any order, between the others. */
const doubled: Fault = {
  ...common,
  name: 'rabbitmq-copies',
  seconds: 6,
  async play(scene) {
    const { stage, random } = scene;
    await withHand(scene, async (hand) => {
      const copies: ConsumeMessage[] = [];
      const stop = await hand.listen(waitingRoom.transport.exchange, (message) => copies.push(message));
      for (let turn = 0; turn < 4; turn += 1) {
        await rest(scene, 200, 500);
        for (const queue of stage.queues) await hand.put(queue, random.shuffled(copies));
      }
      await stop();
    });
  },
};

/** What waits in the queues is taken out and put back in another order. */
const reordered: Fault = {
  ...common,
  name: 'rabbitmq-reordered',
  seconds: 8,
  async play(scene) {
    const { stage, random } = scene;
    const projectors = stage.of('projector');
    await Promise.all(projectors.map((one) => one.kill()));
    await rest(scene, 800, 1_500);
    await withHand(scene, async (hand) => {
      for (const queue of stage.queues) {
        // Under load a queue never falls quiet: what came until there was a short gap is enough.
        const taken = await hand.takeAll(queue, 15);
        await hand.put(queue, random.shuffled(taken));
      }
    });
    await Promise.all(projectors.map((one) => one.start()));
  },
};

const nodeKilled: Fault = {
  name: 'rabbitmq-cluster-node-kill',
  stage: 'cluster',
  needs: ['rabbitmq'],
  refusesNothing: true,
  takeover: 'projector',
  seconds: 25,
  async play(scene) {
    const node = scene.random.pick(rabbitOf(scene).nodes);
    scene.countFromNow();
    await node.kill();
    await rest(scene, 3_000, 6_000);
    await node.start();
  },
};

async function allPublished({ stage, signal }: Scene): Promise<void> {
  await waitFor(
    'the relay publishes everything',
    async () => {
      const rows = await stage.askEventStore<{ left: string }>(
        `select (select coalesce(max(position), 0) from ${waitingRoom.tables.events}) - relay_published() as left`,
      );
      return rows?.[0]?.left === '0';
    },
    { withinMs: 30_000, signal },
  );
}

/** How long until every projection has everything. */
async function caughtUp(scene: Scene): Promise<number> {
  const { stage, signal, violated } = scene;
  await allPublished(scene);
  const took = await waitFor(
    'the projections catch up',
    async () => (await stage.conservation.underWay()).every((what) => !what.startsWith('projection')),
    { withinMs: 30_000, signal },
  );
  if (took > noticedWithinMs) violated(`lost messages were noticed after ${Math.round(took)} ms`);
  return took;
}

export const rabbitmqFaults: readonly Fault[] = [
  kill,
  restart,
  frozen,
  queueDeleted,
  memoryAlarm,
  expired,
  lastLost,
  stolen,
  doubled,
  reordered,
  nodeKilled,
];
