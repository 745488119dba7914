import { fieldsOf, text, type JsonFields } from '../../data/json.ts';
import { useWords } from '../../language/language.ts';
import { put, shownNumber, useIdField, useSiteField } from './clinic-fields.ts';
import { EditButton } from './edit-button.tsx';
import { isTicked, numberOrNone, textOf, type Field, type Values } from './form-fields.ts';
import { ListPanel } from './list-panel.tsx';
import { useList } from './use-list.ts';
import { adminWords } from './words.ts';

/** The queues with their settings. */
export function QueuesPart() {
  const words = useWords(adminWords);
  const { rows, problem, refresh } = useList('/api/waiting-room/queues');
  const idField = useIdField('queueId', 60);
  const site = useSiteField();
  const fields = (fixed: boolean): readonly Field[] => [
    idField(fixed),
    { name: 'queueName', label: words.name, kind: 'text', required: true, maxLength: 100 },
    site.field,
    {
      name: 'ticketPrefix',
      label: words.prefix,
      kind: 'text',
      pattern: '[A-Z0-9]{1,3}',
      maxLength: 3,
      hint: words.prefixHint,
    },
    {
      name: 'maxCapacity',
      label: words.capacity,
      kind: 'number',
      min: 1,
      max: 100_000,
      hint: words.capacityHint,
    },
    { name: 'triage', label: words.triage, kind: 'tick' },
    { name: 'cashier', label: words.cashier, kind: 'tick' },
    {
      name: 'callTimeoutMinutes',
      label: words.timeout,
      kind: 'number',
      min: 1,
      max: 240,
      hint: words.timeoutHint,
    },
  ];
  async function save(values: Values): Promise<void> {
    const prefix = textOf(values, 'ticketPrefix');
    const position = await put(`queues/${encodeURIComponent(textOf(values, 'queueId'))}`, {
      queueName: textOf(values, 'queueName'),
      siteId: textOf(values, 'siteId'),
      ...(prefix === '' ? {} : { ticketPrefix: prefix }),
      maxCapacity: numberOrNone(values, 'maxCapacity'),
      stages: { triage: isTicked(values, 'triage'), cashier: isTicked(values, 'cashier') },
      callTimeoutMinutes: numberOrNone(values, 'callTimeoutMinutes'),
    });
    void refresh(position);
  }
  const stagesOf = (row: JsonFields) => {
    const { triage, cashier } = fieldsOf(row['stages']);
    const names = [triage === true ? words.triage : '', cashier === true ? words.cashier : ''];
    return names.filter((name) => name !== '').join(', ') || words.none;
  };
  const valuesOf = (row: JsonFields): Values => ({
    queueId: text(row['queueId']),
    queueName: text(row['queueName']),
    siteId: text(row['siteId']) || site.current,
    ticketPrefix: text(row['ticketPrefix']),
    maxCapacity: shownNumber(row['maxCapacity']),
    triage: fieldsOf(row['stages'])['triage'] === true,
    cashier: fieldsOf(row['stages'])['cashier'] === true,
    callTimeoutMinutes: shownNumber(row['callTimeoutMinutes']),
  });
  return (
    <ListPanel
      title={words.parts.queues}
      rows={rows}
      problem={problem}
      keyOf={(row) => text(row['queueId'])}
      tools={
        <EditButton
          adding={words.add.queues}
          nameField="queueName"
          fields={fields(false)}
          initial={valuesOf({})}
          onSend={save}
        />
      }
      columns={[
        { title: words.name, cell: (row) => text(row['queueName']) },
        { title: words.id, cell: (row) => text(row['queueId']) },
        { title: words.site, cell: (row) => site.nameOf(text(row['siteId'])) },
        { title: words.prefix, cell: (row) => text(row['ticketPrefix']) },
        { title: words.capacity, cell: (row) => shownNumber(row['maxCapacity']) || '–' },
        { title: words.stages, cell: stagesOf },
        { title: words.timeout, cell: (row) => shownNumber(row['callTimeoutMinutes']) || '–' },
      ]}
      actions={(row) => (
        <EditButton name={text(row['queueName'])} fields={fields(true)} initial={valuesOf(row)} onSend={save} />
      )}
    />
  );
}
