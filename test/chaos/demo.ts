import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../support/seeded-random.ts';
import { DemoBoard } from './demo-board.ts';
import { PersistentLoad, type Outcome } from './persistent-load.ts';
import { breakHandler, markedNotes, mendHandler } from './poison-fault.ts';
import { Stage } from './stage.ts';
import { waitFor } from './wait-for.ts';

export interface DemoOptions {
  /** For data and logs; every account can reach it. */
  readonly folder: string;
  /** False: on the embedded broker, without the second failure. */
  readonly rabbitmq: boolean;
  /** Check-ins and other commands a second. */
  readonly rate: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

interface Scene extends DemoOptions {
  readonly stage: Stage;
  readonly load: PersistentLoad;
  readonly board: DemoBoard;
}

const recoverWithinMs = 60_000;

/** Plays the failures one after the other. True when nothing was lost. */
export async function playDemo(options: DemoOptions): Promise<boolean> {
  const { rabbitmq, folder, say, signal, rate } = options;
  const broker = rabbitmq ? 'RabbitMQ' : 'the broker inside the processes';
  say(`Three failures, on real processes: PostgreSQL, ${broker}, API, relay (the outbox worker), projector.`);
  say('');
  const stage = await Stage.start({
    kind: 'plain',
    rabbitmq,
    folder,
    crew: ['api', 'relay', 'projector'],
    report: (line) => say(`  ${line}`),
  });
  try {
    const load = new PersistentLoad(stage.apiUrls, 'demo', rate, new SeededRandom(1));
    const board = new DemoBoard(stage.apiUrls[0] ?? '', load, say);
    const scene: Scene = { ...options, stage, load, board };
    say(`  everything runs; ${rate} commands a second come in from now on, whatever happens`);
    load.start();
    board.start();
    try {
      await pause(2_000, undefined, { signal });
      await workerCrashes(scene);
      if (rabbitmq) await brokerIsAway(scene);
      else
        say(
          '\n2. RabbitMQ is unavailable\n   NOT PLAYED: there is no RabbitMQ here (Debian: apt-get install rabbitmq-server).',
        );
      await handlerFails(scene);
      return await zeroLoss(scene);
    } finally {
      board.stop();
      await load.finish(0);
    }
  } finally {
    say('');
    say('Stopping everything.');
    await stage.stop(false);
  }
}

async function workerCrashes({ stage, board, say, signal }: Scene): Promise<void> {
  const [relay] = stage.of('relay');
  if (relay === undefined) throw new Error('There is no relay.');
  board.title('1. The outbox worker crashes');
  await relay.kill();
  say('   FAILURE    kill -9 of the relay');
  say('   STATE      commands are accepted, their events are stored and wait, published = false');
  const alertMs = await board.until('outboxPending', (figures) => figures.pending > 100, recoverWithinMs, signal);
  say(`   DETECTION  after ${seconds(alertMs)}: more than 100 events wait in the outbox (the alert's threshold)`);
  const healthMs = await board.until(
    'health',
    (figures) => figures.unhealthy.includes('relay'),
    recoverWithinMs,
    signal,
  );
  say(`   DETECTION  ${seconds(healthMs)} later: /health names the relay`);
  say('   RECOVERY   the relay is started again');
  await relay.start();
  const tookMs = await board.until('flow', (figures) => figures.pending < 10, recoverWithinMs, signal);
  say(`   RECOVERED  after ${seconds(tookMs)}: the outbox is empty, and nobody had to send anything again`);
}

async function brokerIsAway({ stage, board, say, signal }: Scene): Promise<void> {
  const { rabbit } = stage;
  if (rabbit === undefined) throw new Error('There is no RabbitMQ.');
  board.title('2. RabbitMQ is unavailable');
  await rabbit.kill();
  say('   FAILURE    kill -9 of RabbitMQ');
  say('   STATE      commands are accepted; the log keeps their events, and the relay tries again and again');
  const healthMs = await board.until(
    'health',
    (figures) => figures.unhealthy.includes('broker'),
    recoverWithinMs,
    signal,
  );
  say(`   DETECTION  after ${seconds(healthMs)}: /health names the broker`);
  await pause(5_000, undefined, { signal });
  say('   RECOVERY   RabbitMQ comes back; nothing else is done');
  await rabbit.start();
  const tookMs = await board.until('flow', (figures) => figures.pending < 10, recoverWithinMs, signal);
  say(`   RECOVERED  ${seconds(tookMs)} after it takes connections again: what waited was sent at once`);
}

async function handlerFails({ stage, load, board, say, signal }: Scene): Promise<void> {
  board.title('3. A projection handler fails');
  await breakHandler(stage);
  const marked: Outcome[] = [];
  for (let sent = 0; sent < 3; sent += 1) {
    marked.push(
      await load.sendNow((n) => ({
        n,
        kind: 'check-in',
        path: '/api/waiting-room/check-in',
        body: { queueId: 'queue-1', patientName: 'Marked', consultationType: 'General', notes: markedNotes },
      })),
    );
  }
  say('   FAILURE    the read model refuses three events; a constraint stands for the broken handler');
  const parkedMs = await board.until('letters', (figures) => figures.deadLetters >= 3, recoverWithinMs, signal);
  say(`   STATE      after ${seconds(parkedMs)}: these visits are parked as dead letters; all others flow on`);
  await pause(2_500, undefined, { signal });
  say(
    `   DETECTION  dead letters ${board.figures.deadLetters}; in the lag ledger ${board.figures.failed} failed, and what`,
  );
  say('              comes behind them for the same visit stays PUBLISHED');
  say('   RECOVERY   the handler is mended; millrace dead-letters retry');
  await mendHandler(stage);
  const tookMs = await waitFor('the parked events are applied', () => retryAll(stage.apiUrls[0] ?? ''), {
    withinMs: recoverWithinMs,
    signal,
  });
  say(`   RECOVERED  after ${seconds(tookMs)}: the parked visits are applied in their order`);
}

/** True when nothing is parked any more. */
async function retryAll(url: string): Promise<boolean> {
  const answer = (await (await fetch(`${url}/api/dead-letters?open=true&limit=1000`)).json()) as {
    readonly count: number;
    readonly deadLetters: readonly { readonly id: number; readonly status: string }[];
  };
  for (const { id, status } of answer.deadLetters) {
    if (status !== 'failed') continue;
    await fetch(`${url}/api/dead-letters/${id}/retry`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
  }
  return answer.count === 0;
}

async function zeroLoss({ stage, load, board, say, signal }: Scene): Promise<boolean> {
  board.title('Was anything lost?');
  const journal = await load.finish(recoverWithinMs);
  board.stop();
  await waitFor('everything arrives', async () => (await stage.conservation.underWay()).length === 0, {
    withinMs: recoverWithinMs,
    signal,
  });
  const verdict = await stage.conservation.check([journal], true);
  say(
    `   accepted ${verdict.accepted}, refused ${verdict.refused}, sent again ${journal.failedAttempts + journal.lostAttempts}`,
  );
  say(
    `   lost ${verdict.lost}, doubled ${verdict.doubled}, out of order ${verdict.reordered}, refused and stored ${verdict.strangers}`,
  );
  say(`   ledger rows unfinished ${verdict.unfinished}`);
  for (const example of verdict.examples) say(`   BROKEN     ${example}`);
  if (verdict.examples.length === 0) {
    say('   Nothing. Log, outbox, lag ledger and read model were compared with every answer, one by one.');
  }
  return verdict.examples.length === 0;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
