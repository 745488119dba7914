import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../src/index.ts';
import { SystemMetrics } from '../../src/server/system-metrics.ts';
import { metricsIn } from '../../src/telemetry/metrics.ts';
import { deadlineDatabases, give, reportOf, timersReached, turn } from '../support/deadline-databases.ts';
import { eventually } from '../support/example-databases.ts';

function collectingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const add = (message: string) => void lines.push(message);
  return { lines, logger: { info: add, warn: add, error: add } };
}

/** As after a day: nobody knows any more which keys were used. */
const forgetKeys = 'delete from command_keys';

describe('a timer', () => {
  it('fires once at its time, and what it causes names the timer and the event that has set it', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const system = await databases.start();
    await give(system, { item: 'b', dueAt: clock.now + 20, note: 'later' }, { item: 'a', dueAt: clock.now + 10 });
    await turn(databases, system, 'first');
    expect(await databases.metItems()).toEqual(['first']);
    clock.now += 10;
    await eventually('a fires', async () => (await databases.metItems()).includes('a'));
    await turn(databases, system, 'second');
    clock.now += 10;
    await eventually('b fires', async () => (await databases.metItems()).includes('b'));
    await turn(databases, system, 'third');
    expect(await databases.met()).toEqual([
      { item: 'first', dueAt: 1_000_000, note: '' },
      { item: 'a', dueAt: 1_000_010, note: '' },
      { item: 'second', dueAt: 1_000_010, note: '' },
      { item: 'b', dueAt: 1_000_020, note: 'later' },
      { item: 'third', dueAt: 1_000_020, note: '' },
    ]);
    const [set, met] = await databases.store<{ event_id: string; metadata: Record<string, unknown> }>(
      `select event_id, metadata from deadline_events where aggregate_id = 'item-b' order by version`,
    );
    expect(met?.metadata).toMatchObject({
      actor: 'timers deadline',
      causationId: set?.event_id,
      correlationId: set?.metadata['correlationId'],
    });
  });

  it('goes by the clock of the database when it is given no other', async () => {
    await using databases = await deadlineDatabases();
    const system = await databases.start({ timers: {} });
    const dueAt = Date.now() + 300;
    await give(system, { item: 'a', dueAt });
    await eventually('a fires', async () => (await databases.metItems()).includes('a'));
    const [row] = await databases.store<{ at: number }>(
      `select (extract(epoch from occurred_at) * 1000)::float8 as at from deadline_events where event_name = 'DeadlineMet'`,
    );
    expect(row?.at).toBeGreaterThanOrEqual(dueAt);
  });

  it('that is set again fires at the new time only', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const system = await databases.start();
    const at = clock.now;
    await give(system, { item: 'later', dueAt: at + 10 }, { item: 'later', dueAt: at + 30, note: 'moved' });
    await give(system, { item: 'sooner', dueAt: at + 30 }, { item: 'sooner', dueAt: at + 10, note: 'moved' });
    clock.now = at + 20;
    await turn(databases, system, 'now');
    expect(await databases.metItems()).toEqual(['sooner', 'now']);
    clock.now = at + 40;
    await eventually('later fires', async () => (await databases.metItems()).includes('later'));
    await turn(databases, system, 'then');
    expect(await databases.met()).toEqual([
      { item: 'sooner', dueAt: at + 10, note: 'moved' },
      { item: 'now', dueAt: at + 20, note: '' },
      { item: 'later', dueAt: at + 30, note: 'moved' },
      { item: 'then', dueAt: at + 40, note: '' },
    ]);
  });

  it('that is cancelled does not fire', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const system = await databases.start();
    await give(system, { item: 'a', dueAt: clock.now + 10 }, { item: 'a', drop: true });
    clock.now += 20;
    await turn(databases, system, 'now');
    expect(await databases.metItems()).toEqual(['now']);
    expect(await databases.read('select from timers where key = $1', ['a'])).toEqual([]);
  });

  it('that is due while nothing runs fires at the next start', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const before = await databases.start();
    await timersReached(databases, await give(before, { item: 'a', dueAt: clock.now + 10 }));
    await before.stop();
    clock.now += 1000;
    const after = await databases.start();
    await eventually('a fires', async () => (await databases.metItems()).includes('a'));
    await turn(databases, after, 'now');
    expect(await databases.metItems()).toEqual(['a', 'now']);
  });

  it('that no event takes away fires once, even when the command keys are forgotten and the process starts anew', async () => {
    await using databases = await deadlineDatabases({ keeps: true });
    const { clock } = databases;
    let system = await databases.start();
    await give(system, { item: 'a', dueAt: clock.now });
    await turn(databases, system, 'first');
    for (const name of ['second', 'third']) {
      await system.stop();
      await databases.store(forgetKeys);
      system = await databases.start();
      await turn(databases, system, name);
    }
    expect(await databases.metItems()).toEqual(['a', 'first', 'second', 'third']);
    expect(await databases.read('select from timers')).toHaveLength(7);
    expect(reportOf(system)).toMatchObject({ due: 0, oldestOverdueMs: 0 });
  });

  it('leaves nothing behind when the event that it causes takes it away', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const system = await databases.start();
    for (const item of ['a', 'b', 'c']) await give(system, { item, dueAt: clock.now });
    await eventually('all fire', async () => (await databases.metItems()).length === 3);
    await eventually('nothing is left', async () => {
      const left = await databases.store('select from timer_firings');
      return left.length === 0 && (await databases.read('select from timers')).length === 0;
    });
  });

  it('that has fired and is set again to another time fires again', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const system = await databases.start();
    for (let round = 1; round <= 3; round++) {
      clock.now += 10;
      await give(system, { item: 'a', dueAt: clock.now });
      await eventually(`a fires ${round} times`, async () => (await databases.metItems()).length === round);
    }
    expect((await databases.met()).map(({ dueAt }) => dueAt)).toEqual([1_000_010, 1_000_020, 1_000_030]);
  });
});

describe('two processes that execute commands', () => {
  it('fire 200 timers once each, and one process more after a restart none', async () => {
    await using databases = await deadlineDatabases({ keeps: true });
    const { clock } = databases;
    const systems = await Promise.all([databases.start(), databases.start()]);
    const [one, two] = systems;
    const items = Array.from({ length: 200 }, (_, n) => `i${n}`);
    await Promise.all(items.map((item, n) => give(one, { item, dueAt: clock.now + 1 + (n % 7) })));
    const [count] = await databases.store<{ head: string }>('select max(position) as head from deadline_events');
    await timersReached(databases, Number(count?.head));
    clock.now += 100;
    await eventually('all fire', async () => (await databases.metItems()).length >= 200);
    await turn(databases, two, 'after');
    for (const system of systems) await eventually('nothing is due', () => reportOf(system).due === 0);
    expect((await databases.metItems()).toSorted()).toEqual([...items, 'after'].toSorted());
    await eventually('all are counted', () => reportOf(one).fired + reportOf(two).fired >= 202);
    expect(reportOf(one).fired + reportOf(two).fired).toBe(202);
    await Promise.all(systems.map((system) => system.stop()));
    await databases.store(forgetKeys);
    const third = await databases.start();
    await turn(databases, third, 'at last');
    expect(await databases.metItems()).toHaveLength(202);
  });
});

describe('a command that cannot be executed', () => {
  it('while the event store is away is executed when it is back', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const { logger, lines } = collectingLogger();
    const system = await databases.start({ logger });
    await timersReached(databases, await give(system, { item: 'a', dueAt: clock.now + 10 }));
    await databases.eventStoreAway(true);
    clock.now += 20;
    await eventually('the outage is reported', () => lines.some((line) => line.startsWith('timers')));
    await databases.eventStoreAway(false);
    await eventually('a fires', async () => (await databases.metItems()).includes('a'));
    await turn(databases, system, 'now');
    expect(await databases.metItems()).toEqual(['a', 'now']);
  });

  it('since it is refused is not tried again, is told once, and holds up no other', async () => {
    await using databases = await deadlineDatabases();
    const { clock, deadlines } = databases;
    const { logger, lines } = collectingLogger();
    deadlines.trouble.refuses = (item) => item === 'a';
    let system = await databases.start({ logger });
    await give(system, { item: 'a', dueAt: clock.now }, { item: 'b', dueAt: clock.now });
    await turn(databases, system, 'first');
    await eventually('it is counted', () => reportOf(system).refused === 1 && reportOf(system).fired === 3);
    expect(reportOf(system).due).toBe(0);
    expect(
      await databases.store('select timer, outcome, code from timer_firings where outcome = $1', ['refused']),
    ).toEqual([{ timer: 'deadline/a', outcome: 'refused', code: 'ITEM_GONE' }]);
    // The state moves on, and would take the command now: its moment is over all the same.
    deadlines.trouble.refuses = () => false;
    for (const name of ['second', 'third']) {
      await system.stop();
      await databases.store(forgetKeys);
      system = await databases.start({ logger });
      await turn(databases, system, name);
    }
    expect(await databases.metItems()).toEqual(['b', 'first', 'second', 'third']);
    expect(deadlines.trouble.tried.filter((item) => item === 'a')).toHaveLength(1);
    expect(lines.filter((line) => line.includes('refused'))).toEqual(['timers deadline: a was refused with ITEM_GONE']);
  });

  it('since it fails by itself is tried again, shows in health and metrics, and holds up no other', async () => {
    await using databases = await deadlineDatabases();
    const { clock, deadlines } = databases;
    const { logger, lines } = collectingLogger();
    deadlines.trouble.breaks = (item) => item === 'a';
    const system = await databases.start({ logger });
    await give(system, { item: 'a', dueAt: clock.now });
    await eventually('it fails', () => reportOf(system).failing === 1);
    clock.now += 11_000;
    await turn(databases, system, 'now');
    await eventually('it is overdue', () => reportOf(system).oldestOverdueMs > 10_000 && reportOf(system).fired === 2);
    const health = await system.health();
    expect(health).toMatchObject({ status: 'degraded', ready: true });
    expect(health.checks.find(({ name }) => name === 'timers')?.detail).toMatch(
      /^deadline: 1 are overdue, the first for/,
    );
    const registry = new Registry();
    const systemMetrics = new SystemMetrics(system, metricsIn(registry));
    await systemMetrics.collect();
    systemMetrics.stop();
    const text = await registry.metrics();
    expect(text).toContain('timers_due{timers="deadline"} 1');
    expect(text).toMatch(/timers_oldest_overdue_seconds\{timers="deadline"\} 1\d/);
    expect(text).toContain('timers_fired_total{timers="deadline"} 2');
    expect(text).toContain('timers_refused_total{timers="deadline"} 0');
    expect(lines).toContain('timers deadline: broken on purpose');
    deadlines.trouble.breaks = () => false;
    await eventually('a fires', async () => (await databases.metItems()).includes('a'));
    await eventually('nothing fails', () => reportOf(system).failing === 0 && reportOf(system).due === 0);
    expect((await system.health()).status).toBe('healthy');
  });
});

describe('what was stored before a timer was due counts', () => {
  it('although the projection is behind', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const api = await databases.start({ roles: ['api', 'relay'] });
    const projector = await databases.start({ roles: ['projector'] });
    const set = await give(api, { item: 'a', dueAt: clock.now + 10 }, { item: 'b', dueAt: clock.now + 10 });
    await timersReached(databases, set);
    await projector.stop();
    await give(api, { item: 'a', drop: true });
    clock.now += 20;
    await eventually('both are seen to be due', () => reportOf(api).due === 2);
    expect(await databases.metItems()).toEqual([]);
    await databases.start({ roles: ['projector'] });
    await eventually('nothing is due', () => reportOf(api).due === 0);
    await turn(databases, api, 'now');
    expect(await databases.metItems()).toEqual(['b', 'now']);
  });

  it('although it is parked: only the timers of its stream wait', async () => {
    await using databases = await deadlineDatabases();
    const { clock, deadlines } = databases;
    const system = await databases.start();
    deadlines.trouble.throwFor = (event) => event.type === 'DeadlineDropped';
    const last = await give(
      system,
      { item: 'a', dueAt: clock.now + 10 },
      { item: 'b', dueAt: clock.now + 10 },
      { item: 'a', drop: true },
    );
    await timersReached(databases, last);
    expect(await system.deadLetters.count()).toBe(1);
    clock.now += 20;
    await turn(databases, system, 'now');
    expect(await databases.metItems()).toEqual(['b', 'now']);
    expect(reportOf(system).due).toBe(1);
    deadlines.trouble.throwFor = () => false;
    const [letter] = await system.deadLetters.list();
    await system.deadLetters.retry(letter?.id ?? 0, 'anna');
    await eventually('nothing is due', () => reportOf(system).due === 0);
    await turn(databases, system, 'then');
    expect(await databases.metItems()).toEqual(['b', 'now', 'then']);
  });
});

describe('a rebuild of the timers', () => {
  it('fires nothing twice, and nothing that was cancelled long ago', async () => {
    await using databases = await deadlineDatabases({ keeps: true });
    const { clock } = databases;
    const system = await databases.start();
    await give(system, { item: 'gone', dueAt: clock.now + 10 }, { item: 'gone', drop: true });
    await give(system, { item: 'later', dueAt: clock.now + 1000 });
    clock.now += 20;
    await give(system, { item: 'a', dueAt: clock.now });
    await turn(databases, system, 'first');
    await databases.store(forgetKeys);
    expect(await system.projections.rebuild('timers')).toMatchObject({ state: 'done' });
    await turn(databases, system, 'second');
    expect(await databases.metItems()).toEqual(['a', 'first', 'second']);
    clock.now += 1000;
    await eventually('later fires', async () => (await databases.metItems()).includes('later'));
    await turn(databases, system, 'third');
    expect(await databases.metItems()).toEqual(['a', 'first', 'second', 'later', 'third']);
  });

  it('from nothing fires nothing before it has caught up', async () => {
    await using databases = await deadlineDatabases();
    const { clock } = databases;
    const before = await databases.start();
    await give(before, { item: 'a', dueAt: clock.now + 10 }, { item: 'b', dueAt: clock.now + 10 });
    for (let n = 0; n < 20; n++) await give(before, { item: `c${n}`, dueAt: clock.now + 10_000 });
    await give(before, { item: 'a', drop: true });
    const last = await give(before, { item: 'b', drop: true });
    await timersReached(databases, last);
    await before.stop();
    clock.now += 20;
    // Somebody puts a backup of the read models back that is older than all of the cancelling.
    const [second] = await databases.store<{ event_id: string }>(
      'select event_id from deadline_events where position = 2',
    );
    await databases.read(
      `update projection_builds set position = 2, event_id = $1, epoch = epoch + 1 where projection_id = 'timers'`,
      [second?.event_id],
    );
    await databases.read(
      `insert into timers_g1.timers select 'deadline/' || k, 'deadline', k, to_timestamp(1000.01), '{"note":""}',
         '{"correlationId":"c"}', 'item-' || k, 1 from unnest(array['a', 'b']) k`,
    );
    await databases.store(forgetKeys);
    const api = await databases.start({ roles: ['api', 'relay'] });
    await eventually('both are seen to be due', () => reportOf(api).due === 2);
    await databases.start({ roles: ['projector'] });
    await eventually('nothing is due', () => reportOf(api).due === 0);
    await turn(databases, api, 'now');
    expect(await databases.metItems()).toEqual(['now']);
  });
});
