/** A process that logs: writes so many lines, says `written`, and goes on until it is told to end or is killed. */
import { openProcessLog } from '../../src/telemetry/process-log.ts';
import { WayLog } from '../../src/telemetry/log-way.ts';

const [folder = '', url = '', prefix = '', count = '0'] = process.argv.slice(2);
const { log, close } = openProcessLog({
  application: 'test',
  roles: ['api'],
  level: 'info',
  isTerminal: true,
  settings: {
    folder,
    keepMs: 3_600_000,
    keepBytes: 64 * 1024 ** 2,
    events: 'all',
    slowMs: 500,
    seq: { url, apiKey: 'key', apiKeyFile: undefined },
  },
});
const way = new WayLog(log, { mode: 'all', slowMs: 500 });
for (let n = 0; n < Number(count); n++) {
  way.requestDone({ method: 'GET', route: '/', status: 200, elapsedMs: n, correlationId: `${prefix}-${n}` });
}
process.on('message', (message) => {
  if (message === 'end') void close().then(() => process.disconnect());
});
process.send?.('written');
