import { listOf, text, type JsonFields } from '../../data/json.ts';
import { newKey, send } from '../../data/rest.ts';
import { useWords } from '../../language/language.ts';
import { reasonOf, useRoles } from './access-fields.ts';
import { EditButton } from './edit-button.tsx';
import { isTicked, textOf, ticksOf, type Field, type Values } from './form-fields.ts';
import { ListPanel } from './list-panel.tsx';
import { useList } from './use-list.ts';
import { adminWords } from './words.ts';

/** Who may sign in here, and as what. */
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
