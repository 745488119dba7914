import { Type } from '#millrace';
import { forward, type MillraceServer } from '#millrace/server';

const tags = ['staff'];
const word = Type.String({ minLength: 1, maxLength: 200 });
const accountId = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' });
const roles = Type.Array(word, { minItems: 1, maxItems: 50 });
const reason = Type.Optional(Type.String({ minLength: 1, maxLength: 500 }));

/** Older names of routes that the platform has: sign-in and accounts. Each goes through the route that it stands for. */
export function forwardedRoutes(server: MillraceServer): void {
  server.get('/openapi/v1.json', { schema: { tags: ['api'], summary: 'As /openapi.json' } }, (request, reply) =>
    forward(request, reply, { method: 'GET', url: '/openapi.json' }),
  );
  server.post(
    '/api/staff/auth/login',
    {
      // A cookie that comes along gives no right here, as where it is forwarded to.
      config: { csrf: false },
      schema: {
        ...{ tags, summary: 'As POST /api/auth/token' },
        body: Type.Object({ userName: word, password: Type.String({ minLength: 1, maxLength: 1_000 }) }),
      },
    },
    (request, reply) => forward(request, reply, { method: 'POST', url: '/api/auth/token', body: request.body }),
  );
  server.post(
    '/api/staff/users/register',
    {
      schema: {
        ...{ tags, summary: 'As POST /api/access/accounts' },
        body: Type.Object({
          ...{ userName: word, displayName: word, roles, reason },
          password: Type.String({ minLength: 1, maxLength: 1_000 }),
        }),
      },
    },
    (request, reply) => forward(request, reply, { method: 'POST', url: '/api/access/accounts', body: request.body }),
  );
  const summary = 'As PUT /api/access/accounts/{accountId}';
  server.post(
    '/api/staff/users/change-role',
    { schema: { tags, summary, body: Type.Object({ accountId, roles, reason }) } },
    (request, reply) => {
      const { accountId: id, ...body } = request.body;
      return forward(request, reply, { method: 'PUT', url: `/api/access/accounts/${id}`, body });
    },
  );
  server.post(
    '/api/staff/users/change-status',
    { schema: { tags, summary, body: Type.Object({ accountId, active: Type.Boolean(), reason }) } },
    (request, reply) => {
      const { accountId: id, ...body } = request.body;
      return forward(request, reply, { method: 'PUT', url: `/api/access/accounts/${id}`, body });
    },
  );
}
