import { application } from '../apps/waiting-room/app.ts';
import { checkInToUnlimitedQueue } from '../apps/waiting-room/domain/check-in-unlimited.ts';
import { migrateSystem } from '../src/migrate-system.ts';
import { startSystem } from '../src/start-system.ts';
import { newEventId } from '../src/events/event-id.ts';
import { openServer } from './server.ts';
import { checkInCommand } from './check-ins.ts';
import { untilCaughtUp } from './bench-system.ts';
import { openProcessLog } from '../src/telemetry/process-log.ts';
import { makeSystemLog } from '../src/telemetry/system-log.ts';
import { rmSync } from 'node:fs';
const server = await openServer(undefined);
let n = 0;
async function make(mode: 'off'|'asked'|'all') {
  const name = `l_${mode}`;
  const urls = { eventStoreUrl: await server.freshDatabase(`${name}_e`), readModelsUrl: await server.freshDatabase(`${name}_r`) };
  await migrateSystem(application.system, urls);
  rmSync(`/tmp/lb/${mode}`, { recursive: true, force: true });
  const pl = mode === 'off' ? undefined : openProcessLog({ application: 'x', roles: ['api','relay','projector'], level: 'info', isTerminal: true,
    settings: { folder: `/tmp/lb/${mode}`, keepMs: 1e9, keepBytes: 256*1024**2, events: mode, slowMs: Number(process.env['SLOW'] ?? 500), seq: undefined } });
  const system = await startSystem(application.system, { ...urls, ...(pl === undefined ? {} : { systemLog: makeSystemLog(pl.log, { mode: mode as 'asked', slowMs: Number(process.env['SLOW'] ?? 500) }) }) });
  return { mode, system, pl };
}
const rigs = [await make('off'), await make('asked'), await make('all')];
const res: Record<string, number[]> = {}; const cpu: Record<string, number[]> = {};
async function load(rig: (typeof rigs)[number], ms: number) {
  const end = performance.now() + ms; let done = 0;
  const c0 = process.cpuUsage(); const t0 = performance.now();
  await Promise.all(Array.from({ length: 128 }, async () => {
    while (performance.now() < end) {
      await rig.system.execute(checkInToUnlimitedQueue, checkInCommand(n++, 'bench'), { metadata: { correlationId: newEventId(), actor: 'a' } });
      done++;
    }
  }));
  await untilCaughtUp(rig.system);
  const s = (performance.now() - t0) / 1000; const u = process.cpuUsage(c0);
  return { rate: done / s, us: (u.user + u.system) / done };
}
for (const rig of rigs) await load(rig, 2000);
for (let r = 0; r < Number(process.argv[2] ?? 6); r++) for (const rig of r % 2 ? rigs : rigs.toReversed()) {
  await server.checkpoint();
  const { rate, us } = await load(rig, 2000);
  (res[rig.mode] ??= []).push(rate); (cpu[rig.mode] ??= []).push(us);
}
const med = (a: number[]) => a.toSorted((x, y) => x - y)[Math.floor(a.length / 2)] ?? 0;
for (const rig of rigs) console.log(rig.mode, Math.round(med(res[rig.mode] ?? [])), '/s', med(cpu[rig.mode] ?? []).toFixed(1), 'µs cpu', (res[rig.mode] ?? []).map(Math.round).join(' '));
for (const rig of rigs) { await rig.system.stop(); await rig.pl?.close(); }
await server.stop();
