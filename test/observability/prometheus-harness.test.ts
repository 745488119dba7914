import http from 'node:http';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { AlertWebhook, Alertmanager } from '../support/prometheus-alertmanager.ts';
import { prometheusConfig, startPrometheus } from '../support/prometheus-server.ts';

it("a Prometheus and an Alertmanager of one's own scrape, evaluate and notify", async () => {
  const target = http.createServer((_request, response) => void response.end('there 1\n')).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const address = target.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  const webhook = await AlertWebhook.start();
  const alertmanager = await Alertmanager.start(
    `route: { receiver: here, group_wait: 0s }\nreceivers: [{ name: here, webhook_configs: [{ url: "${webhook.url}" }] }]\n`,
  );
  const rules = 'groups: [{ name: g, rules: [{ alert: There, expr: there == 1 }] }]\n';
  const prometheus = await startPrometheus({
    config: prometheusConfig({
      jobs: { one: [`127.0.0.1:${port}`] },
      rules: ['rules.yml'],
      alertmanager: alertmanager.target,
    }),
    files: { 'rules.yml': rules },
  });
  try {
    await expect.poll(() => prometheus.query('there'), { timeout: 20_000 }).toMatchObject([{ labels: { job: 'one' } }]);
    expect(await prometheus.targets()).toEqual({ one: true });
    await expect.poll(() => webhook.first('There', 'firing'), { timeout: 20_000 }).toBeDefined();
    await expect(prometheus.query('there is nothing like it')).rejects.toThrow('400');
  } finally {
    await prometheus.stop();
    await alertmanager.stop();
    await webhook.stop();
    target.closeAllConnections();
    target.close();
  }
});
