import { expect, it } from 'vitest';
import type { StoredEvent } from '../../src/index.ts';
import type { RunningSystem } from '../../src/running-system.ts';
import { startSystem } from '../../src/start-system.ts';
import { newEventId } from '../../src/events/event-id.ts';
import { wallClock } from '../../src/events/wall-clock.ts';
import {
  eventually,
  exampleDatabases,
  reached,
  readModelHash,
  type ExampleDatabases,
} from '../support/example-databases.ts';
import { journey, type Step } from '../support/example-system.ts';

const moved = (parcel: string, depot: string): Step => ({ parcel, what: 'moved', depot });

const numberOf = (event: StoredEvent): number => Number(event.stream.replace('parcel-n', ''));

const isSecondOfA = (event: StoredEvent): boolean => event.stream === 'parcel-a' && event.version === 2;

/** Fails for events of one parcel that go to one depot. */
const poison = (parcel: string, depot: string) => (event: StoredEvent) =>
  event.stream === `parcel-${parcel}` && JSON.stringify(event.data).includes(`"${depot}"`);

async function trailOf(databases: ExampleDatabases, parcel: string): Promise<readonly string[] | undefined> {
  const [row] = await databases.read<{ trail: { depots: string[] } }>(
    'select trail from parcels where parcel_id = $1',
    [`parcel-${parcel}`],
  );
  return row?.trail.depots;
}

async function lettersOf(system: RunningSystem): Promise<string[]> {
  return (await system.deadLetters.list()).map((letter) => `${letter.orderingKey} ${letter.position} ${letter.status}`);
}

async function ledgerOf(databases: ExampleDatabases, position: number): Promise<string | undefined> {
  return (
    await databases.store<{ status: string }>('select status from event_processing_lag where position = $1', [position])
  )[0]?.status;
}

/** An event that this program does not know, appended as a newer one would have. */
async function appendUnknown(
  databases: ExampleDatabases,
  stream: string,
  type: string,
  schemaVersion: number,
): Promise<void> {
  await databases.log.append({
    events: [
      {
        id: newEventId(),
        stream,
        type,
        schemaVersion,
        tags: [],
        payload: '{"label":"L-x","depot":"secret-depot","weight":1}',
        metadata: '{"correlationId":"c","actor":"a"}',
        occurredAt: wallClock(),
      },
    ],
  });
}

it.each(['throws', 'is refused by the database'])(
  'an event whose handler %s parks its key only: later events of the key wait in order, other keys flow on',
  async (how) => {
    await using databases = await exampleDatabases();
    const bad = poison('a', 'bad');
    if (how === 'throws') databases.example.trouble.throwFor = bad;
    else databases.example.trouble.refuseFor = bad;
    const system = await databases.start();
    await databases.append([...journey('a', ['north', 'bad', 'east']), ...journey('b', ['north', 'bad', 'west'])]);
    await reached(databases, 6);
    await databases.append([moved('a', 'south'), moved('b', 'south')]);
    await reached(databases, 8);
    expect(await trailOf(databases, 'a')).toEqual(['north']);
    expect(await trailOf(databases, 'b')).toEqual(['north', 'bad', 'west', 'south']);
    expect(await lettersOf(system)).toEqual(['parcel-a 2 failed', 'parcel-a 3 waiting', 'parcel-a 7 waiting']);
    expect(await system.deadLetters.count()).toBe(3);
    expect((await system.projections.get('parcels')).parked).toBe(3);
    // The total counts what is in effect, not what is parked.
    expect(await databases.read(`select depot, parcels from depots where parcels > 0 order by 1`)).toEqual([
      { depot: 'north', parcels: '1' },
      { depot: 'south', parcels: '1' },
    ]);
  },
);

it.each([
  ['type', 'SomethingNew', 1],
  ['schema version', 'ParcelMoved', 9],
])('an event of an unknown %s parks its stream only', async (_what, type, version) => {
  await using databases = await exampleDatabases();
  const system = await databases.start();
  await databases.append([...journey('a', ['north']), ...journey('b', ['north'])]);
  await appendUnknown(databases, 'parcel-a', type, version);
  await databases.append([moved('a', 'south'), moved('b', 'south')]);
  await reached(databases, 5);
  expect(await lettersOf(system)).toEqual(['parcel-a 3 failed', 'parcel-a 4 waiting']);
  expect(await trailOf(databases, 'b')).toEqual(['north', 'south']);
  const [letter] = await system.deadLetters.list();
  expect(letter?.error).toContain('EVENT_UNKNOWN');
  const id = letter?.id ?? 0;
  expect(await system.deadLetters.retry(id, 'operator')).toEqual({ applied: 0, left: 2 });
  expect(await system.deadLetters.discard(id, 'operator', 'from a trial version')).toEqual({ applied: 1, left: 0 });
  expect(await trailOf(databases, 'a')).toEqual(['north', 'south']);
});

it('S134: a retry drains the key in order, stops at the first that fails again, and ends when all are applied', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = (event) => poison('a', 'bad1')(event) || poison('a', 'bad2')(event);
  const system = await databases.start();
  await databases.append(journey('a', ['north', 'bad1', 'east', 'bad2', 'west']));
  await reached(databases, 5);
  const [first] = await system.deadLetters.list();
  const id = first?.id ?? 0;
  expect(await system.deadLetters.retry(id, 'operator')).toEqual({ applied: 0, left: 4 });
  trouble.throwFor = poison('a', 'bad2');
  expect(await system.deadLetters.retry(id, 'operator')).toEqual({ applied: 2, left: 2 });
  expect(await trailOf(databases, 'a')).toEqual(['north', 'bad1', 'east']);
  expect(await lettersOf(system)).toEqual(['parcel-a 4 failed', 'parcel-a 5 waiting']);
  await expect(system.deadLetters.retry(id, 'operator')).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
  trouble.throwFor = () => false;
  const [second] = await system.deadLetters.list();
  expect(second?.attempts).toBe(1);
  expect(await system.deadLetters.retry(second?.id ?? 0, 'operator')).toEqual({ applied: 2, left: 0 });
  expect(await trailOf(databases, 'a')).toEqual(['north', 'bad1', 'east', 'bad2', 'west']);
  expect(await system.deadLetters.count()).toBe(0);
  const all = await system.deadLetters.list({ open: false });
  expect(all.map((letter) => `${letter.status} ${letter.actor}`)).toEqual(
    Array.from({ length: 4 }, () => 'retried operator'),
  );
});

it('after a retry the live consumer applies new events of the key at once', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = poison('a', 'bad');
  const system = await databases.start();
  await databases.append(journey('a', ['north', 'bad']));
  await reached(databases, 2);
  trouble.throwFor = () => false;
  const [letter] = await system.deadLetters.list();
  await system.deadLetters.retry(letter?.id ?? 0, 'operator');
  await databases.append([moved('a', 'east'), moved('a', 'west')]);
  await reached(databases, 4);
  expect(await trailOf(databases, 'a')).toEqual(['north', 'bad', 'east', 'west']);
  expect(await system.deadLetters.count()).toBe(0);
});

it('retries while events keep coming lose and double nothing', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  const system = await databases.start();
  const parcels = Array.from({ length: 8 }, (_, index) => `p${index}`);
  await databases.append(parcels.flatMap((parcel) => journey(parcel, ['d0'])));
  let sent = parcels.length;
  let retries = 0;
  for (let round = 1; round <= 12; round++) {
    trouble.throwFor = (event) => event.stream === `parcel-p${round % 8}` && event.version % 3 === 0;
    const appended = databases.append(parcels.map((parcel) => moved(parcel, `d${round}`)));
    sent += parcels.length;
    if (round % 3 === 0) {
      await eventually('something is parked', async () => (await system.deadLetters.count()) > 0);
      trouble.throwFor = () => false;
      for (const letter of await system.deadLetters.list()) {
        if (letter.status === 'failed') retries += (await system.deadLetters.retry(letter.id, 'operator')).applied;
      }
    }
    await appended;
  }
  await reached(databases, sent);
  trouble.throwFor = () => false;
  for (const letter of await system.deadLetters.list()) {
    if (letter.status === 'failed') await system.deadLetters.retry(letter.id, 'operator');
  }
  const expected = Array.from({ length: 13 }, (_, index) => `d${index}`);
  for (const parcel of parcels) expect(await trailOf(databases, parcel)).toEqual(expected);
  expect(await system.deadLetters.count()).toBe(0);
  expect(retries).toBeGreaterThan(0);
});

it('discards with a reason, in order, and a rebuild repeats it', async () => {
  await using databases = await exampleDatabases();
  databases.example.trouble.throwFor = poison('a', 'bad');
  const system = await databases.start();
  await databases.append(journey('a', ['north', 'bad', 'east']));
  await reached(databases, 3);
  const letters = await system.deadLetters.list();
  const [first, second] = letters.map((letter) => letter.id);
  await expect(system.deadLetters.discard(first ?? 0, 'operator', ' ')).rejects.toMatchObject({
    code: 'REASON_REQUIRED',
  });
  await expect(system.deadLetters.discard(second ?? 0, 'operator', 'why not')).rejects.toMatchObject({
    code: 'DEAD_LETTER_NOT_FIRST',
  });
  await expect(system.deadLetters.discard(4711, 'operator', 'why not')).rejects.toMatchObject({
    code: 'DEAD_LETTER_UNKNOWN',
  });
  expect(await system.deadLetters.count()).toBe(2);
  expect(await system.deadLetters.discard(first ?? 0, 'operator', 'sent by mistake')).toEqual({ applied: 1, left: 0 });
  expect(await trailOf(databases, 'a')).toEqual(['north', 'east']);
  const live = await readModelHash(databases);
  databases.example.trouble.throwFor = () => false;
  await system.projections.rebuild('parcels');
  expect(await readModelHash(databases)).toBe(live);
  expect(await trailOf(databases, 'a')).toEqual(['north', 'east']);
  const [kept] = await system.deadLetters.list({ open: false });
  expect(kept).toMatchObject({ status: 'discarded', reason: 'sent by mistake', actor: 'operator' });
});

it('what is written about a failure holds nothing of the event', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = poison('secret-parcel', 'secret-depot');
  trouble.refuseFor = poison('other-secret', 'secret-depot');
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const system = await databases.start({ logger: { info: warn, warn, error: warn } });
  await databases.append([
    ...journey('secret-parcel', ['secret-depot', 'x']),
    ...journey('other-secret', ['secret-depot']),
  ]);
  await reached(databases, 3);
  const letters = (await system.deadLetters.list()).toSorted((a, b) => a.orderingKey.localeCompare(b.orderingKey));
  expect(letters.map((letter) => letter.status)).toEqual(['failed', 'failed', 'waiting']);
  const texts = letters.map((letter) => letter.error ?? '');
  expect([...texts, ...warnings].join()).not.toMatch(/secret|L-|12:30:45/);
  expect(texts[1]).toContain('Error at support/example-system.ts');
  expect(texts[0]).toContain('23514');
});

it('many poison events in one batch, thrown and refused, park exactly their keys', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = (event) => numberOf(event) % 17 === 3;
  trouble.refuseFor = (event) => numberOf(event) % 17 === 5;
  const steps = Array.from({ length: 120 }, (_, index) => journey(`n${index}`, ['north', 'south'])).flat();
  await databases.append(steps);
  const system = await databases.start();
  await reached(databases, 240);
  const bad = Array.from({ length: 120 }, (_, index) => index).filter((index) => index % 17 === 3 || index % 17 === 5);
  const letters = await system.deadLetters.list({ limit: 1000 });
  expect(
    letters
      .filter((letter) => letter.status === 'failed')
      .map((letter) => letter.orderingKey)
      .toSorted(),
  ).toEqual(bad.map((index) => `parcel-n${index}`).toSorted());
  expect(letters).toHaveLength(bad.length * 2);
  const [count] = await databases.read<{ parcels: string }>('select count(*) as parcels from parcels where moves = 1');
  expect(Number(count?.parcels)).toBe(120 - bad.length);
  const [total] = await databases.read<{ parcels: string }>('select sum(parcels) as parcels from depots');
  expect(Number(total?.parcels)).toBe(120 - bad.length);
});

it.each(['the ordering key', 'the key of a row'])(
  'an application function for %s that throws parks the event, too',
  async (which) => {
    await using databases = await exampleDatabases();
    const { projection } = databases.example;
    const [parcels, labels] = projection.rows;
    if (parcels === undefined || labels === undefined) throw new Error('the example has two tables');
    const system = await databases.start({});
    await system.stop();
    const broken = {
      ...projection,
      orderingKey: (event: StoredEvent) => {
        if (which === 'the ordering key' && isSecondOfA(event)) throw new Error('no key');
        return event.stream;
      },
      rows: [
        parcels,
        {
          ...labels,
          on: { ...labels.on, ParcelMoved: labels.on['ParcelDelivered'] ?? (() => undefined) },
          keyOf: (event: StoredEvent) => {
            if (which === 'the key of a row' && isSecondOfA(event)) throw new Error('no key');
            return labels.keyOf?.(event);
          },
        },
      ],
    };
    const again = await startSystem({ ...databases.example.system, projections: [broken] }, databases);
    databases.onEnd(() => again.stop());
    await databases.append([...journey('a', ['north', 'south', 'east']), ...journey('b', ['north', 'south'])]);
    await reached(databases, 5);
    expect(await lettersOf(again)).toEqual(['parcel-a 2 failed', 'parcel-a 3 waiting']);
    expect(await trailOf(databases, 'b')).toEqual(['north', 'south']);
  },
);

it('a poison event and a broken connection together: parked once, the rest applied once', async () => {
  await using databases = await exampleDatabases();
  databases.example.trouble.refuseFor = poison('a', 'bad');
  const system = await databases.start();
  let last = 0;
  for (let turn = 0; turn < 10; turn++) {
    const parcel = turn === 4 ? 'a' : `ok${turn}`;
    const appended = databases.append(journey(parcel, ['north', 'bad', 'east']));
    await databases.read(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace parcels' and datname = current_database()`,
    );
    last = (await appended).at(-1)?.position ?? 0;
  }
  await reached(databases, last);
  expect((await lettersOf(system)).map((letter) => letter.replace(/ \d+/, ''))).toEqual([
    'parcel-a failed',
    'parcel-a waiting',
  ]);
  const [count] = await databases.read<{ sum: string }>('select sum(moves + 1) as sum from parcels');
  expect(Number(count?.sum)).toBe(9 * 3 + 1);
});

it('the ledger tells FAILED and PUBLISHED while parked, and PROCESSED after the retry', async () => {
  await using databases = await exampleDatabases();
  const { trouble } = databases.example;
  trouble.throwFor = poison('a', 'bad');
  const system = await databases.start();
  await databases.append(journey('a', ['north', 'bad', 'east']));
  const shows = (...statuses: string[]) =>
    eventually(statuses.join(), async () => {
      const found = await Promise.all([1, 2, 3].map((position) => ledgerOf(databases, position)));
      return found.join() === statuses.join();
    });
  await shows('PROCESSED', 'FAILED', 'PUBLISHED');
  expect((await system.lag.statistics()).failedCount).toBe(1);
  trouble.throwFor = poison('a', 'east');
  const [letter] = await system.deadLetters.list();
  await system.deadLetters.retry(letter?.id ?? 0, 'operator');
  await shows('PROCESSED', 'PROCESSED', 'FAILED');
  trouble.throwFor = () => false;
  await system.projections.rebuild('parcels');
  expect(await system.deadLetters.count()).toBe(0);
  await shows('PROCESSED', 'PROCESSED', 'PROCESSED');
});
