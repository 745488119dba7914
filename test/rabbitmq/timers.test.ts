import { expect, inject, it } from 'vitest';
import { deadlineDatabases, give, reportOf, timersReached } from '../support/deadline-databases.ts';
import { eventually } from '../support/example-databases.ts';
import { ownTopology, removeTopology } from './own-topology.ts';

const rabbitmqUrl = inject('rabbitmqUrl');

it('timers take effect once through RabbitMQ, with three processes and one API process more', async () => {
  const topology = ownTopology('items', 'timers');
  const { exchange, routingPrefix, queues } = topology;
  {
    await using databases = await deadlineDatabases({
      adapt: ({ system }) => {
        system.projections.forEach((projection, index) => Object.assign(projection, { queue: queues[index] }));
        Object.assign(system, { transport: { exchange, routingPrefix } });
      },
    });
    const start = (role: 'api' | 'relay' | 'projector') => databases.start({ roles: [role], rabbitmqUrl });
    await start('relay');
    const projector = await start('projector');
    const apis = [await start('api'), await start('api')];
    const [api] = apis;
    if (api === undefined) throw new Error('two were started');
    const at = databases.clock.now + 10;
    for (let n = 0; n < 20; n++) await give(api, { item: `i${n}`, dueAt: at }, { item: `gone-${n}`, dueAt: at });
    let position = 0;
    for (let n = 0; n < 20; n++) position = await give(api, { item: `gone-${n}`, drop: true });
    await timersReached(databases, position);
    expect(projector.consumers?.().map(({ projection }) => projection)).toEqual(['items', 'timers']);
    databases.clock.now += 20;
    await eventually('all have fired', async () => (await databases.metItems()).length >= 20);
    for (const one of apis) await eventually('nothing is due', () => reportOf(one).due === 0);
    expect((await databases.metItems()).toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `i${n}`).toSorted());
    await eventually('nothing is left', async () => (await databases.read('select from timers')).length === 0);
  }
  await removeTopology(rabbitmqUrl, topology);
});
