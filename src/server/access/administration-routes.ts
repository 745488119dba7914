import { Type } from 'typebox';
import { checkRoles } from '../../access/account-rules.ts';
import type { AccessChange, Account, ApiKey } from '../../access/principal.ts';
import { limitParameter, nullable } from '../parameters.ts';
import type { MillraceServer } from '../route-module.ts';
import type { AccessGate } from './access-gate.ts';

const tags = ['access'];

const rolesField = Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 50 });
const reasonField = Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Why; it is kept.' }));
const displayName = Type.String({ minLength: 1, maxLength: 200 });
const password = Type.String({ minLength: 1, maxLength: 1_000, description: '12 to 256 characters.' });

const accountSchema = Type.Object({
  accountId: Type.String(),
  userName: Type.String(),
  displayName: Type.String(),
  roles: Type.Array(Type.String()),
  active: Type.Boolean(),
  byProvider: Type.Boolean({ description: 'Signs in at a provider, which says what name and roles it has.' }),
  createdAt: Type.String(),
  changedAt: Type.String(),
});

const apiKeyFields = {
  keyId: Type.String(),
  name: Type.String(),
  roles: Type.Array(Type.String()),
  createdAt: Type.String(),
  createdBy: Type.String(),
  expiresAt: nullable(Type.String()),
  revokedAt: nullable(Type.String()),
};

const changeSchema = Type.Object({
  changeId: Type.Integer(),
  at: Type.String(),
  actor: Type.String(),
  action: Type.String(),
  subjectId: Type.String({ description: 'The account or API key.' }),
  details: Type.Record(Type.String(), Type.Unknown()),
  reason: nullable(Type.String()),
});

const uuid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$', description: 'a UUID' });
const day = 24 * 3_600_000;

/** Keeping accounts and API keys, and the record of who changed what. */
export function administrationRoutes(server: MillraceServer, { access, policy }: AccessGate): void {
  const { roles: known, administrators } = policy.definition;
  accountRoutes();
  apiKeyRoutes();

  server.get(
    '/api/access/changes',
    {
      schema: {
        tags,
        summary: 'Who changed what about accounts and API keys, when and why',
        description: 'The newest first.',
        querystring: Type.Object({
          before: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: Number.MAX_SAFE_INTEGER,
              description: 'Only entries with a lower id.',
            }),
          ),
          limit: limitParameter(1_000, 100),
        }),
        response: {
          200: Type.Object({
            changes: Type.Array(changeSchema),
            next: nullable(Type.Integer({ description: 'Ask again with this `before`; null at the end.' })),
          }),
        },
      },
    },
    async ({ query: { before, limit } }) => {
      const found = await access.listChanges(before, limit + 1);
      const changes = found.slice(0, limit).map(shownChange);
      return { changes, next: found.length > limit ? (changes.at(-1)?.changeId ?? null) : null };
    },
  );

  function accountRoutes(): void {
    server.get(
      '/api/access/accounts',
      {
        schema: {
          tags,
          summary: 'The accounts',
          response: { 200: Type.Object({ accounts: Type.Array(accountSchema) }) },
        },
      },
      async () => ({ accounts: (await access.listAccounts()).map(shownAccount) }),
    );

    server.post(
      '/api/access/accounts',
      {
        schema: {
          tags,
          summary: 'Add an account',
          body: Type.Object({
            userName: Type.String({ minLength: 1, maxLength: 100 }),
            displayName,
            password,
            roles: rolesField,
            reason: reasonField,
          }),
          response: { 201: accountSchema },
        },
      },
      async (request, reply) => {
        const { reason, ...account } = request.body;
        checkRoles(account.roles, known);
        reply.code(201);
        return shownAccount(await access.addAccount(account, by(request.context.actor, reason)));
      },
    );

    server.put(
      '/api/access/accounts/:accountId',
      {
        schema: {
          tags,
          summary: 'Change an account',
          description: 'Other roles, another password and `active: false` end its sign-ins.',
          params: Type.Object({ accountId: uuid }),
          body: Type.Object({
            displayName: Type.Optional(displayName),
            roles: Type.Optional(rolesField),
            active: Type.Optional(Type.Boolean()),
            password: Type.Optional(password),
            reason: reasonField,
          }),
          response: { 200: accountSchema },
        },
      },
      async (request) => {
        const { reason, ...change } = request.body;
        if (change.roles !== undefined) checkRoles(change.roles, known);
        const { accountId } = request.params;
        const who = by(request.context.actor, reason);
        return shownAccount(await access.changeAccount(accountId, change, who, administrators));
      },
    );
  }

  function apiKeyRoutes(): void {
    server.get(
      '/api/access/api-keys',
      {
        schema: {
          tags,
          summary: 'The API keys',
          description: 'Without the keys themselves, of which only hashes are kept.',
          response: { 200: Type.Object({ apiKeys: Type.Array(Type.Object(apiKeyFields)) }) },
        },
      },
      async () => ({ apiKeys: (await access.listApiKeys()).map(shownKey) }),
    );

    server.post(
      '/api/access/api-keys',
      {
        schema: {
          tags,
          summary: 'Add an API key',
          description: 'The key is in this answer and in no other.',
          body: Type.Object({
            name: Type.String({ minLength: 1, maxLength: 200 }),
            roles: rolesField,
            expiresInDays: Type.Optional(
              Type.Integer({ minimum: 1, maximum: 3_650, description: 'Without it, the key does not expire.' }),
            ),
            reason: reasonField,
          }),
          response: { 201: Type.Object({ ...apiKeyFields, key: Type.String() }) },
        },
      },
      async (request, reply) => {
        const { name, roles, expiresInDays, reason } = request.body;
        checkRoles(roles, known);
        const expiresAt = expiresInDays === undefined ? undefined : Date.now() + expiresInDays * day;
        const added = await access.addApiKey({ name, roles, expiresAt }, by(request.context.actor, reason));
        reply.code(201);
        return { ...shownKey(added.apiKey), key: added.key };
      },
    );

    server.delete(
      '/api/access/api-keys/:keyId',
      {
        schema: {
          tags,
          summary: 'Revoke an API key',
          params: Type.Object({ keyId: uuid }),
        },
      },
      async (request, reply) => {
        await access.revokeApiKey(request.params.keyId, by(request.context.actor, undefined));
        return reply.code(204).send();
      },
    );
  }
}

function by(actor: string, reason: string | undefined) {
  return reason === undefined ? { actor } : { actor, reason: reason.trim() };
}

function shownAccount(account: Account) {
  return { ...account, roles: [...account.roles] };
}

function shownKey(key: ApiKey) {
  return { ...key, roles: [...key.roles] };
}

function shownChange(change: AccessChange) {
  return { ...change, details: { ...change.details } };
}
