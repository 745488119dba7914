import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { repository } from '../../scripts/development-tool.ts';
import { freePort } from '../support/free-port.ts';
import { MillracePlace } from '../support/millrace-process.ts';
import { startRabbitMq, type RabbitMq } from '../support/rabbitmq-server.ts';

const guide = path.join(repository, 'docs/guides/three-processes.md');
const isThere = (program: string) => spawnSync('which', [program]).status === 0;

let rabbit: RabbitMq;
let place: MillracePlace;
beforeAll(async () => {
  [rabbit, place] = await Promise.all([startRabbitMq(), MillracePlace.make()]);
});
afterAll(async () => {
  await place.remove();
  await rabbit.stop();
  const client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  for (const database of ['clinic_events', 'clinic_read']) {
    await client.query(`drop database if exists ${database} with (force)`);
  }
  for (const role of ['api', 'relay', 'projector', 'reader']) {
    await client.query(`drop role if exists clinic_${role}_1, clinic_${role}`);
  }
  await client.query('drop role if exists clinic_owner');
  await client.end();
});

/** The section that is to be copied, as one script. */
async function copied(): Promise<string> {
  const text = await readFile(guide, 'utf8');
  const [, section = ''] = /^## All of it on one machine, to copy\n([\s\S]*?)^## /m.exec(text) ?? [];
  return [...section.matchAll(/^```bash\n([\s\S]*?)^```/gm)].map(([, block]) => block).join('\n');
}

/** Programs of the machine that the reader has, which lead to the servers of the test. */
async function programs(): Promise<string> {
  const folder = path.join(place.folder, 'bin');
  await mkdir(folder);
  const write = async (name: string, command: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
    const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
    const settings = Object.entries(env).map(([key, value = '']) => quoted(`${key}=${value}`));
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\nexec env -i ${settings.join(' ')} ${command.map(quoted).join(' ')} "$@"\n`);
    await chmod(file, 0o755);
  };
  const { program, words, options } = rabbit.node.tool('rabbitmqctl');
  await write('rabbitmqctl', [program, ...words], options.env);
  // `su postgres -c psql`: whoever may make roles and databases.
  const asSuperuser = ['bash', '-c', `exec psql -v ON_ERROR_STOP=1 "${inject('postgresUrl')}"`];
  await write('su', asSuperuser, { PATH: process.env['PATH'] ?? '' });
  return folder;
}

it('the section to copy leads from empty servers to a check-in that arrives, and to processes that stop', async ({
  skip,
}) => {
  const missing = ['psql', 'curl'].find((program) => !isThere(program));
  skip(missing !== undefined, `${missing ?? ''} is not installed here`);
  const postgres = new URL(inject('postgresUrl'));
  const broker = new URL(rabbit.url);
  const [api, relay, projector] = [await freePort(), await freePort(), await freePort()];
  const script = (await copied())
    .replaceAll('@127.0.0.1/clinic_', `@${postgres.host}/clinic_`)
    .replaceAll('@127.0.0.1/clinic ', `@${broker.host}/clinic `)
    .replaceAll('localhost:5000', `localhost:${api}`)
    .replaceAll('PORT=5000', `PORT=${api}`)
    .replaceAll('PORT=8081', `PORT=${relay}`)
    .replaceAll('PORT=8082', `PORT=${projector}`)
    // Where the logs go; the folder itself stays as it is.
    .replaceAll('"$1.log"', `"${place.folder}/$1.log"`);
  expect(script).toContain(`PORT=${api} start api`);
  const search = [await programs(), path.join(repository, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(':');
  const ended = 'kill %1 %2 %3\nwait\necho all of them ended';
  const shell = place.spawn(
    'env',
    [`PATH=${search}`, 'timeout', '150', 'bash', '-e', '-o', 'pipefail', '-c', `${script}\n${ended}`],
    repository,
  );
  await once(shell, 'close');
  const logs = await Promise.all(
    ['relay', 'projector', 'api'].map((role) => readFile(path.join(place.folder, `${role}.log`), 'utf8').catch(String)),
  );
  const said = `${shell.output()}\n${logs.join('\n')}`;
  expect(shell.exitCode, said).toBe(0);
  expect(shell.output()).toContain('"currentPatientCount":1');
  // The queue that carried it, and nothing left in it.
  expect(shell.output()).toMatch(/^waiting-room-projection-queue\s+0$/m);
  expect(shell.output()).toContain('all of them ended');
  expect(logs.join('\n')).not.toMatch(/"level":[56]0/);
}, 240_000);
