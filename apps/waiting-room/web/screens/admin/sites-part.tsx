import { number, text, type JsonFields } from '../../data/json.ts';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { refreshSites } from '../../shell/sites.ts';
import { put, useIdField } from './clinic-fields.ts';
import { EditButton } from './edit-button.tsx';
import { textOf, textOrNone, type Field, type Values } from './form-fields.ts';
import { ListPanel } from './list-panel.tsx';
import { useList } from './use-list.ts';
import { adminWords } from './words.ts';

const timeZones = Intl.supportedValuesOf('timeZone');

/** The buildings of the clinic, with their clocks. */
export function SitesPart() {
  const words = useWords(adminWords);
  const { rows, problem, refresh } = useList('/api/waiting-room/sites', 'sites');
  const idField = useIdField('siteId', 40);
  const fields = (fixed: boolean): readonly Field[] => [
    idField(fixed),
    { name: 'siteName', label: words.name, kind: 'text', required: true, maxLength: 100 },
    {
      name: 'timeZone',
      label: words.timeZone,
      kind: 'text',
      maxLength: 60,
      hint: words.timeZoneHint,
      options: timeZones.map((zone) => [zone, zone]),
    },
    { name: 'opensAt', label: words.opensAt, kind: 'time', hint: words.opensHint },
    { name: 'closesAt', label: words.closesAt, kind: 'time', hint: words.closesHint },
  ];
  const valuesOf = (row: JsonFields): Values => ({
    siteId: text(row['siteId']),
    siteName: text(row['siteName']),
    timeZone: text(row['timeZone']),
    opensAt: text(row['opensAt']),
    closesAt: text(row['closesAt']),
  });
  async function save(values: Values): Promise<void> {
    const timeZone = textOf(values, 'timeZone');
    const position = await put(`sites/${encodeURIComponent(textOf(values, 'siteId'))}`, {
      siteName: textOf(values, 'siteName'),
      ...(timeZone === '' ? {} : { timeZone }),
      opensAt: textOrNone(values, 'opensAt'),
      closesAt: textOrNone(values, 'closesAt'),
    });
    void refresh(position);
    refreshSites();
  }
  return (
    <ListPanel
      title={words.parts.sites}
      rows={rows}
      problem={problem}
      keyOf={(row) => text(row['siteId'])}
      tools={
        <EditButton
          adding={words.add.sites}
          nameField="siteName"
          fields={fields(false)}
          initial={valuesOf({})}
          onSend={save}
        />
      }
      columns={[
        { title: words.name, cell: (row) => text(row['siteName']) },
        { title: words.id, cell: (row) => text(row['siteId']) },
        { title: words.timeZone, cell: (row) => text(row['timeZone']) },
        { title: words.opensAt, cell: (row) => text(row['opensAt']) || '–' },
        { title: words.closesAt, cell: (row) => text(row['closesAt']) || '–' },
        {
          title: words.counts,
          cell: (row) => ['queues', 'rooms', 'desks'].map((name) => count(number(row[name]))).join(', '),
        },
      ]}
      actions={(row) => (
        <EditButton name={text(row['siteName'])} fields={fields(true)} initial={valuesOf(row)} onSend={save} />
      )}
    />
  );
}
