import { text, textOrNull, type JsonFields } from '../../data/json.ts';
import { useWords } from '../../language/language.ts';
import { put, useIdField, useSiteField } from './clinic-fields.ts';
import { EditButton } from './edit-button.tsx';
import { isTicked, textOf, textOrNone, type Field, type Values } from './form-fields.ts';
import { ListPanel } from './list-panel.tsx';
import { useList } from './use-list.ts';
import { adminWords } from './words.ts';

/** Rooms and desks have the same settings under other names. */
export function PlacesPart({ kind }: { readonly kind: 'room' | 'desk' }) {
  const words = useWords(adminWords);
  const { rows, problem, refresh } = useList(`/api/waiting-room/${kind}s`);
  const [idName, nameName] = [`${kind}Id`, `${kind}Name`];
  const idField = useIdField(idName, 40);
  const site = useSiteField();
  const fields = (fixed: boolean): readonly Field[] => [
    idField(fixed),
    { name: nameName, label: words.name, kind: 'text', required: true, maxLength: 60 },
    site.field,
    { name: 'staffName', label: words.staff, kind: 'text', maxLength: 120, hint: words.staffHint },
    { name: 'active', label: words.active, kind: 'tick', hint: words.activeHint },
  ];
  const valuesOf = (row: JsonFields): Values => ({
    [idName]: text(row[idName]),
    [nameName]: text(row[nameName]),
    siteId: text(row['siteId']) || site.current,
    staffName: text(row['staffName']),
    active: row['active'] !== false,
  });
  const save = (before: JsonFields) => async (values: Values) => {
    const path = `${kind}s/${encodeURIComponent(textOf(values, idName))}`;
    const staffName = textOrNone(values, 'staffName');
    let position = await put(path, {
      [nameName]: textOf(values, nameName),
      siteId: textOf(values, 'siteId'),
      active: isTicked(values, 'active'),
    });
    if (staffName !== textOrNull(before['staffName'])) {
      position = Math.max(position, await put(`${path}/staff`, { staffName }));
    }
    void refresh(position);
  };
  const part = kind === 'room' ? 'rooms' : 'desks';
  return (
    <ListPanel
      title={words.parts[part]}
      rows={rows}
      problem={problem}
      keyOf={(row) => text(row[idName])}
      tools={
        <EditButton
          adding={words.add[part]}
          nameField={nameName}
          fields={fields(false)}
          initial={valuesOf({ staffName: null })}
          onSend={save({ staffName: null })}
        />
      }
      columns={[
        { title: words.name, cell: (row) => text(row[nameName]) },
        { title: words.id, cell: (row) => text(row[idName]) },
        { title: words.site, cell: (row) => site.nameOf(text(row['siteId'])) },
        { title: words.staff, cell: (row) => text(row['staffName']) || '–' },
        { title: words.active, cell: (row) => (row['active'] === true ? words.yes : words.no) },
      ]}
      actions={(row) => (
        <EditButton name={text(row[nameName])} fields={fields(true)} initial={valuesOf(row)} onSend={save(row)} />
      )}
    />
  );
}
