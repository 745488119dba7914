import { Type } from 'typebox';
import type { Health } from '../../running-system.ts';
import { nullable } from '../parameters.ts';
import type { RouteModule } from '../route-module.ts';

const patienceMs = 2_000;

const healthSchema = Type.Object({
  status: Type.Enum(['healthy', 'degraded', 'unhealthy']),
  ready: Type.Boolean({ description: 'Commands can be accepted.' }),
  checks: Type.Array(Type.Object({ name: Type.String(), healthy: Type.Boolean(), detail: nullable(Type.String()) })),
});

const silent: Health = {
  status: 'unhealthy',
  ready: false,
  checks: [{ name: 'system', healthy: false, detail: 'does not answer' }],
};

/** Health for people, and the three probes of an orchestrator. None of them shows data. */
export const healthRoutes: RouteModule = (server, system) => {
  let wasReady = false;

  async function health() {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<Health>((resolve) => {
      timer = setTimeout(() => resolve(silent), patienceMs);
    });
    try {
      const found = await Promise.race([system.health(), patience]);
      wasReady ||= found.ready;
      return { ...found, checks: [...found.checks] };
    } catch {
      return { ...silent, checks: [...silent.checks] };
    } finally {
      clearTimeout(timer);
    }
  }

  server.get(
    '/health',
    {
      schema: {
        tags: ['health'],
        summary: 'How the parts are',
        description: 'Always 200 while the process answers; `status` says how it is.',
        response: { 200: healthSchema },
      },
    },
    health,
  );

  server.get(
    '/health/live',
    {
      schema: {
        tags: ['health'],
        summary: 'Liveness probe',
        description: 'The process answers. Says nothing about databases: a restart would not bring them back.',
        response: { 200: Type.Object({ status: Type.Literal('alive') }) },
      },
    },
    () => ({ status: 'alive' as const }),
  );

  server.get(
    '/health/ready',
    {
      schema: {
        tags: ['health'],
        summary: 'Readiness probe',
        description: 'Commands can be accepted; 503 when not.',
        response: { 200: healthSchema, 503: healthSchema },
      },
    },
    async (_request, reply) => {
      const found = await health();
      return reply.code(found.ready ? 200 : 503).send(found);
    },
  );

  server.get(
    '/health/startup',
    {
      schema: {
        tags: ['health'],
        summary: 'Startup probe',
        description: '200 from the first time on that commands could be accepted; 503 before.',
        response: {
          200: Type.Object({ status: Type.Literal('started') }),
          503: Type.Object({ status: Type.Literal('starting') }),
        },
      },
    },
    async (_request, reply) => {
      if (!wasReady) await health();
      return wasReady ? reply.code(200).send({ status: 'started' }) : reply.code(503).send({ status: 'starting' });
    },
  );
};
