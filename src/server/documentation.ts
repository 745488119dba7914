import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import { problemMediaType, problemSchema } from './problem.ts';
import type { MillraceServer } from './route-module.ts';

const pagePolicy =
  "default-src 'self'; base-uri 'self'; frame-ancestors 'self'; img-src 'self' data:; object-src 'none'; " +
  "script-src 'self'; style-src 'self' 'unsafe-inline'";

/** Describes every route in OpenAPI: `/openapi.json`, and a page to try them at `/docs` that asks nobody else. */
export async function addDocumentation(server: MillraceServer, title: string, version: string): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        version,
        description:
          'Every failure is answered with problem details (RFC 9457) and a stable `code`. Every answer carries ' +
          '`X-Correlation-Id`; send one to set it. Send `Idempotency-Key` with a command to make it safe to repeat.',
      },
    },
    transform: ({ schema, url }) => ({ schema: schema === undefined ? schema : withProblem(schema), url }),
  });
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
    validatorUrl: false,
    staticCSP: true,
    // The default lets the page ask other hosts, and turns http addresses into https ones.
    transformStaticCSP: () => pagePolicy,
  });
  server.get('/openapi.json', { schema: { hide: true } }, () => server.swagger());
}

/** Failures stand in the description only: they are written by one hand, not by a serializer for each route. */
function withProblem(schema: FastifySchema): FastifySchema {
  const response = typeof schema.response === 'object' && schema.response !== null ? schema.response : {};
  return {
    ...schema,
    response: {
      ...response,
      default: { description: 'What went wrong', content: { [problemMediaType]: { schema: problemSchema } } },
    },
  };
}
