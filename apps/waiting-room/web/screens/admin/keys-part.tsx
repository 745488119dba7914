import { useState } from 'preact/hooks';
import { tellFailure } from '../../data/act.ts';
import { moment, momentOrNull, text, type JsonFields } from '../../data/json.ts';
import { notify } from '../../data/notices.ts';
import { newKey, send } from '../../data/rest.ts';
import { dayAndTime } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { Action } from '../../view/action.tsx';
import { Modal } from '../../view/modal.tsx';
import { useServerNow } from '../../view/ticking.tsx';
import { reasonOf, useRoles } from './access-fields.ts';
import { EditButton } from './edit-button.tsx';
import { numberOrNone, textOf, ticksOf, type Values } from './form-fields.ts';
import { ListPanel } from './list-panel.tsx';
import { useList } from './use-list.ts';
import { adminWords } from './words.ts';

/** The keys of programs and devices. */
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
