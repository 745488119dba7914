import { useEffect, useState } from 'preact/hooks';
import { tellFailure } from '../../data/act.ts';
import { fieldsOf, listOf, moment, momentOrNull, numberOrNull, text, type JsonFields } from '../../data/json.ts';
import { notify } from '../../data/notices.ts';
import { get, newKey, send } from '../../data/rest.ts';
import { named } from '../../language/clinic-words.ts';
import { dayAndTime } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { roles } from '../../shell/roles.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { Action } from '../../view/action.tsx';
import { Modal } from '../../view/modal.tsx';
import { useServerNow } from '../../view/ticking.tsx';
import { EditButton } from './edit-button.tsx';
import { isTicked, numberOrNone, textOf, ticksOf, type Field, type Values } from './form-fields.ts';
import { ListPanel } from './list-panel.tsx';
import { useList } from './use-list.ts';
import { adminWords } from './words.ts';

function useRoles() {
  const words = useWords(adminWords);
  const shell = useWords(shellWords);
  const field: Field = {
    name: 'roles',
    label: words.rolesTitle,
    kind: 'ticks',
    hint: words.rolesHint,
    options: roles.map((role) => [role, shell.roles[role]]),
  };
  const shown = (row: JsonFields) =>
    listOf(row['roles'])
      .map((role) => named(shell.roles, text(role)))
      .join(', ');
  return { field, shown };
}

/** Why something was changed, where it was said. */
function reasonOf(values: Values): { readonly reason?: string } {
  const reason = textOf(values, 'reason');
  return reason === '' ? {} : { reason };
}

export function AccountsPart() {
  const words = useWords(adminWords);
  const { rows, problem, refresh } = useList('/api/access/accounts', 'accounts');
  const role = useRoles();
  const reason: Field = { name: 'reason', label: words.reason, kind: 'text', maxLength: 500, hint: words.reasonHint };
  const displayName: Field = {
    name: 'displayName',
    label: words.displayName,
    kind: 'text',
    required: true,
    maxLength: 200,
  };
  const password = (required: boolean): Field => ({
    name: 'password',
    label: required ? words.password : words.newPassword,
    kind: 'password',
    required,
    hint: required ? words.passwordHint : `${words.passwordHint} ${words.newPasswordHint}`,
  });
  async function add(values: Values): Promise<void> {
    await send(
      'POST',
      '/api/access/accounts',
      {
        userName: textOf(values, 'userName'),
        displayName: textOf(values, 'displayName'),
        password: rawText(values, 'password'),
        roles: ticksOf(values, 'roles'),
        ...reasonOf(values),
      },
      newKey(),
    );
    await refresh();
  }
  const change = (row: JsonFields) => async (values: Values) => {
    const secret = rawText(values, 'password');
    await send(
      'PUT',
      `/api/access/accounts/${encodeURIComponent(text(row['accountId']))}`,
      {
        displayName: textOf(values, 'displayName'),
        roles: ticksOf(values, 'roles'),
        active: isTicked(values, 'active'),
        ...(secret === '' ? {} : { password: secret }),
        ...reasonOf(values),
      },
      newKey(),
    );
    await refresh();
  };
  return (
    <ListPanel
      title={words.parts.accounts}
      rows={rows}
      problem={problem}
      keyOf={(row) => text(row['userName'])}
      tools={
        <EditButton
          adding={words.add.accounts}
          nameField="userName"
          fields={[
            { name: 'userName', label: words.userName, kind: 'text', required: true, maxLength: 100 },
            displayName,
            password(true),
            role.field,
            reason,
          ]}
          initial={{}}
          onSend={add}
        />
      }
      columns={[
        { title: words.userName, cell: (row) => text(row['userName']) },
        { title: words.displayName, cell: (row) => text(row['displayName']) },
        { title: words.rolesTitle, cell: role.shown },
        {
          title: words.active,
          cell: (row) =>
            [row['active'] === true ? words.yes : words.no, row['byProvider'] === true ? words.byProvider : '']
              .filter((told) => told !== '')
              .join(', '),
        },
      ]}
      actions={(row) => (
        <EditButton
          name={text(row['userName'])}
          fields={[
            displayName,
            role.field,
            { name: 'active', label: words.active, kind: 'tick' },
            ...(row['byProvider'] === true ? [] : [password(false)]),
            reason,
          ]}
          initial={{
            displayName: text(row['displayName']),
            roles: listOf(row['roles']).map(text),
            active: row['active'] === true,
          }}
          onSend={change(row)}
        />
      )}
    />
  );
}

/** A password may begin or end with a space. */
function rawText(values: Values, name: string): string {
  const value = values[name];
  return typeof value === 'string' ? value : '';
}

export function KeysPart() {
  const words = useWords(adminWords);
  const { rows, problem, refresh } = useList('/api/access/api-keys', 'apiKeys');
  const role = useRoles();
  const now = useServerNow();
  const [added, setAdded] = useState<string>();
  const [revoking, setRevoking] = useState<JsonFields>();
  async function add(values: Values): Promise<void> {
    const expiresInDays = numberOrNone(values, 'expiresInDays');
    const answer = await send(
      'POST',
      '/api/access/api-keys',
      {
        name: textOf(values, 'name'),
        roles: ticksOf(values, 'roles'),
        ...(expiresInDays === null ? {} : { expiresInDays }),
        ...reasonOf(values),
      },
      newKey(),
    );
    setAdded(text(answer['key']));
    await refresh();
  }
  async function revoke(row: JsonFields): Promise<void> {
    try {
      await send('DELETE', `/api/access/api-keys/${encodeURIComponent(text(row['keyId']))}`, undefined);
      notify('done', words.revokedNow(text(row['name'])));
      setRevoking(undefined);
      await refresh();
    } catch (error) {
      tellFailure(error);
    }
  }
  const isRevoked = (row: JsonFields) => momentOrNull(row['revokedAt']) !== null;
  const stateOf = (row: JsonFields) => {
    if (isRevoked(row)) return words.revoked;
    const until = momentOrNull(row['expiresAt']);
    return until !== null && until <= now ? words.expired : words.valid;
  };
  return (
    <>
      <ListPanel
        title={words.parts.keys}
        rows={rows}
        problem={problem}
        keyOf={(row) => text(row['keyId'])}
        tools={
          <EditButton
            adding={words.add.keys}
            nameField="name"
            fields={[
              { name: 'name', label: words.name, kind: 'text', required: true, maxLength: 200 },
              role.field,
              {
                name: 'expiresInDays',
                label: words.expiresInDays,
                kind: 'number',
                min: 1,
                max: 3_650,
                hint: words.expiresHint,
              },
              { name: 'reason', label: words.reason, kind: 'text', maxLength: 500, hint: words.reasonHint },
            ]}
            initial={{}}
            onSend={add}
          />
        }
        columns={[
          { title: words.name, cell: (row) => text(row['name']) },
          { title: words.rolesTitle, cell: role.shown },
          { title: words.createdAt, cell: (row) => dayAndTime(moment(row['createdAt'])) },
          {
            title: words.expires,
            cell: (row) => {
              const until = momentOrNull(row['expiresAt']);
              return until === null ? '–' : dayAndTime(until);
            },
          },
          { title: words.state, cell: stateOf },
        ]}
        actions={(row) =>
          !isRevoked(row) && (
            <button
              type="button"
              class="quiet danger"
              aria-haspopup="dialog"
              aria-label={words.revokeOne(text(row['name']))}
              onClick={() => setRevoking(row)}
            >
              {words.revoke}
            </button>
          )
        }
      />
      {added !== undefined && <NewKey secret={added} onClose={() => setAdded(undefined)} />}
      {revoking !== undefined && (
        <Modal title={words.revokeOne(text(revoking['name']))} onClose={() => setRevoking(undefined)}>
          <p>{words.revokeAsk}</p>
          <Action kind="danger" onAct={() => revoke(revoking)}>
            {words.revoke}
          </Action>
        </Modal>
      )}
    </>
  );
}

/** The one time that a key is shown. */
function NewKey({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  const words = useWords(adminWords);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(secret);
      notify('done', words.copied);
    } catch {
      notify('failed', words.copyFailed);
    }
  }
  return (
    <Modal title={words.theKey} onClose={onClose}>
      <p>{words.theKeyHint}</p>
      <code class="new-key">{secret}</code>
      <Action kind="primary" onAct={copy}>
        {words.copy}
      </Action>
    </Modal>
  );
}

export function ChangesPart() {
  const words = useWords(adminWords);
  const [rows, setRows] = useState<readonly JsonFields[]>();
  const [next, setNext] = useState<number | null>(null);
  const [problem, setProblem] = useState<string>();
  async function load(before: number | null): Promise<void> {
    try {
      const { body } = await get(`/api/access/changes${before === null ? '' : `?before=${before}`}`);
      const answer = fieldsOf(body);
      setRows((known) => [...(before === null ? [] : (known ?? [])), ...listOf(answer['changes']).map(fieldsOf)]);
      setNext(numberOrNull(answer['next']));
      setProblem(undefined);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }
  useEffect(() => void load(null), []);
  return (
    <>
      <ListPanel
        title={words.parts.changes}
        rows={rows}
        problem={problem}
        keyOf={(row) => String(numberOrNull(row['changeId']))}
        columns={[
          { title: words.at, cell: (row) => dayAndTime(moment(row['at'])) },
          { title: words.actor, cell: (row) => text(row['actor']) },
          { title: words.action, cell: (row) => text(row['action']) },
          { title: words.subject, cell: (row) => text(row['subjectId']) },
          { title: words.details, cell: (row) => <code class="details">{JSON.stringify(row['details'])}</code> },
          { title: words.reason, cell: (row) => text(row['reason']) || '–' },
        ]}
      />
      {next !== null && <Action onAct={() => load(next)}>{words.more}</Action>}
    </>
  );
}
