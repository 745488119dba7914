import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { MillraceError } from '../../src/errors.ts';
import type { OperationHandler, OperationHandlers } from '../../src/operations/handler.ts';
import { OperationRunner } from '../../src/operations/operation-runner.ts';
import { PostgresOperations } from '../../src/operations/operations.ts';
import { WakeUp } from '../../src/postgres/wake-up.ts';
import type { Operation } from '../../src/running-system.ts';
import { eventually, exampleDatabases, type ExampleDatabases } from '../support/example-databases.ts';

/** One process's part in operations: it can ask, and runners of it execute. */
function office(databases: ExampleDatabases) {
  const pool = new pg.Pool({ connectionString: databases.readModelsUrl, max: 4 });
  const wakeUp = new WakeUp(databases.readModelsUrl);
  const operations = new PostgresOperations(pool, wakeUp);
  databases.onEnd(async () => {
    operations.close();
    await wakeUp.close();
    await pool.end();
  });
  return {
    operations,
    runner: (handlers: OperationHandlers, name = 'elsewhere/1/a'): OperationRunner => {
      const runner = new OperationRunner({ pool, wakeUp, handlers, runner: name });
      databases.onEnd(() => runner.stop());
      runner.start();
      return runner;
    },
  };
}

const doing = (run: OperationHandler['run'], lane = 'test'): OperationHandler => ({ lane, run });
const ask = { kind: 'greet', projection: 'parcels', actor: 'operator' };

it('what one process requests another executes, and the record says who, why and what came of it', async () => {
  await using databases = await exampleDatabases();
  const { operations } = office(databases);
  const id = await operations.request({ ...ask, input: { name: 'anna' }, reason: 'because' });
  expect(await operations.get(id)).toMatchObject({ state: 'requested', runner: null });
  const elsewhere = office(databases);
  const seen: Operation[] = [];
  operations.watch(id, (operation) => seen.push(operation));
  elsewhere.runner({
    greet: doing(async ({ input, actor, reason, report }) => {
      report({ step: 1 });
      return `hello ${JSON.stringify(input['name'])} from ${actor}, ${reason}`;
    }),
  });
  expect(await operations.wait(id)).toBe('hello "anna" from operator, because');
  expect(await operations.get(id)).toMatchObject({
    state: 'done',
    actor: 'operator',
    reason: 'because',
    progress: { step: 1 },
    runner: 'elsewhere/1/a',
    error: null,
  });
  await eventually('the watcher saw the end', () => seen.at(-1)?.state === 'done');
});

it('the caller gets the code, the message and the fields that the handler threw', async () => {
  await using databases = await exampleDatabases();
  const { operations, runner } = office(databases);
  const fields = [{ field: 'reason', problem: 'is empty' }];
  runner({
    greet: doing(() => Promise.reject(new MillraceError('REASON_REQUIRED', 'Say why.', { fields }))),
    break: doing(() => Promise.reject(new Error('a secret'))),
    give: doing(() => Promise.reject(new MillraceError('OPERATION_ABANDONED', 'Given up.'))),
  });
  const id = await operations.request(ask);
  await expect(operations.wait(id)).rejects.toMatchObject({ code: 'REASON_REQUIRED', message: 'Say why.', fields });
  const broken = await operations.request({ ...ask, kind: 'break' });
  await expect(operations.wait(broken)).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
  expect(JSON.stringify(await operations.get(broken))).not.toContain('secret');
  const given = await operations.request({ ...ask, kind: 'give' });
  await expect(operations.wait(given)).rejects.toMatchObject({ code: 'OPERATION_ABANDONED' });
  expect((await operations.get(given)).state).toBe('abandoned');
});

it('refuses an unknown projection and a second change of the builds when they are requested', async () => {
  await using databases = await exampleDatabases({ extra: true });
  const [one, two] = [office(databases), office(databases)];
  await expect(one.operations.request({ ...ask, projection: 'nothing' })).rejects.toMatchObject({
    code: 'PROJECTION_UNKNOWN',
  });
  await one.operations.request({ ...ask, kind: 'rebuild' });
  for (const kind of ['rebuild', 'rebuild-go-back', 'rebuild-drop-old']) {
    await expect(two.operations.request({ ...ask, kind })).rejects.toMatchObject({ code: 'REBUILD_IN_PROGRESS' });
  }
  await two.operations.request({ ...ask, kind: 'rebuild', projection: 'second-look' });
  await expect(one.operations.get(4711)).rejects.toMatchObject({ code: 'OPERATION_UNKNOWN' });
});

it('without a projector the caller is told so, and the operation stays requested', async () => {
  await using databases = await exampleDatabases();
  const { operations } = office(databases);
  const id = await operations.request(ask);
  await expect(operations.wait(id, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'PROJECTOR_MISSING' });
  expect((await operations.get(id)).state).toBe('requested');
  const system = await databases.start({ roles: ['api'] });
  await expect(system.operations.wait(id, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'PROJECTOR_MISSING' });
});

it('operations of one lane run one after the other in their order, in whatever process', async () => {
  await using databases = await exampleDatabases();
  const offices = [office(databases), office(databases)];
  const order: string[] = [];
  let running = 0;
  const handler = doing(async ({ input }) => {
    expect(++running).toBe(1);
    order.push(JSON.stringify(input['n']));
    await pause(5);
    running--;
    return null;
  });
  const { operations } = office(databases);
  const ids: number[] = [];
  for (let n = 0; n < 12; n++) ids.push(await operations.request({ ...ask, input: { n } }));
  offices.forEach((one, index) => one.runner({ greet: handler }, `elsewhere/${index}/a`));
  for (const id of ids) await operations.wait(id);
  expect(order).toEqual(Array.from({ length: 12 }, (_, n) => String(n)));
});

it('what is asked of a running operation reaches its handler, and another lane is not held up', async () => {
  await using databases = await exampleDatabases();
  const { operations, runner } = office(databases);
  const heard = Promise.withResolvers<string | null>();
  runner({
    greet: doing(async (operation) => {
      operation.onAsked(() => heard.resolve(operation.asked));
      return await heard.promise;
    }),
    other: doing(() => Promise.resolve('done'), 'another lane'),
  });
  const id = await operations.request(ask);
  await eventually('it runs', async () => (await operations.get(id)).state === 'running');
  expect(await operations.wait(await operations.request({ ...ask, kind: 'other' }))).toBe('done');
  await databases.read(`update projection_operations set asked = 'stop it' where id = $1`, [id]);
  expect(await operations.wait(id)).toBe('stop it');
});

it('an operation whose runner stopped or died is run again by another, and the dead one can write nothing more', async () => {
  await using databases = await exampleDatabases();
  const { operations, runner } = office(databases);
  const begun = Promise.withResolvers<void>();
  const late = Promise.withResolvers<null>();
  const first = runner({
    greet: doing((operation) => {
      begun.resolve();
      const { signal } = operation;
      return Promise.race([
        late.promise,
        new Promise<null>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as MillraceError));
        }),
      ]);
    }),
  });
  const id = await operations.request(ask);
  await begun.promise;
  // Another runner has taken it, and this one does not know yet: as if it had been paused for longer than its claim holds.
  await databases.read(
    `update projection_operations set token = token + 1, runner = 'elsewhere/2/b', runner_until = clock_timestamp() + interval '1 hour' where id = $1`,
    [id],
  );
  late.resolve(null);
  for (let look = 0; look < 10; look++) expect((await operations.get(id)).state).toBe('running');
  await first.stop();
  expect(await operations.get(id)).toMatchObject({ state: 'running', runner: 'elsewhere/2/b' });
  const again: boolean[] = [];
  const ends = Promise.withResolvers<null>();
  const second = office(databases).runner(
    {
      greet: doing(async (operation) => {
        again.push(operation.again);
        await ends.promise;
        return 'the second';
      }),
    },
    'elsewhere/2/b',
  );
  await eventually('it is taken over', () => again.length === 1);
  ends.resolve(null);
  expect(await operations.wait(id)).toBe('the second');
  expect(again).toEqual([true]);
  await second.stop();
});
