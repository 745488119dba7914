import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { checkInAnswer } from '../../apps/waiting-room/api/schemas.ts';
import { millraceProgram, MillracePlace } from '../support/millrace-process.ts';

const fromHere = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const waitingRoom = fromHere('../../apps/waiting-room/app.ts');

/** The clinic as it was before its read model knew how often somebody was called, written into a folder. */
async function earlierClinic(folder: string): Promise<string> {
  const now = await readFile(fromHere('../../apps/waiting-room/projections/schema.sql'), 'utf8');
  const schema = path.join(folder, 'schema.sql');
  const earlier = now.replace('updated_position, calls\nfrom visits', 'updated_position\nfrom visits');
  expect(earlier).not.toBe(now);
  await writeFile(schema, earlier);
  const app = path.join(folder, 'app.ts');
  await writeFile(
    app,
    `import { pathToFileURL } from 'node:url';
     import { application as now } from ${JSON.stringify(waitingRoom)};
     const projections = now.system.projections.map((projection) =>
       projection.id === 'waiting-room' ? { ...projection, schema: pathToFileURL(${JSON.stringify(schema)}) } : projection);
     export const application = { ...now, system: { ...now.system, projections } };`,
  );
  return app;
}

test('a start on the data folder of an earlier version makes its read models anew, and answers everything', async () => {
  const place = await MillracePlace.make();
  const started = async (app: string) => {
    const server = place.spawn(process.execPath, [millraceProgram, 'start', '--app', app]);
    await place.ready(server);
    return {
      output: server.output,
      stop: async () => {
        const closed = once(server, 'close');
        server.kill('SIGTERM');
        await closed;
      },
    };
  };
  try {
    const earlier = await started(await earlierClinic(place.folder));
    const arrived = await fetch(`${place.url}/api/waiting-room/check-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ queueId: 'general', patientName: 'John Doe', consultationType: 'General' }),
    });
    expect(arrived.status).toBe(201);
    const { link, position } = Value.Parse(checkInAnswer, await arrived.json());
    const page = `${place.url}/api/public${link.replace('/v/', '/visits/')}?minPosition=${position}`;
    // What the earlier version did not have, this code asks for in vain.
    expect((await fetch(page)).status).toBe(500);
    await earlier.stop();

    const now = await started(waitingRoom);
    expect(now.output()).toContain("The tables of the read model waiting-room are an earlier version's");
    const found = await fetch(page);
    expect([found.status, await found.json()]).toMatchObject([200, { status: 'WAITING', calls: 0 }]);
    await now.stop();
    const again = await started(waitingRoom);
    expect(again.output()).not.toContain('made anew');
    await again.stop();
  } finally {
    await place.remove();
  }
}, 120_000);
