import { fieldsOf, number, numberOrNull, text, textOrNull, type JsonFields } from '../../data/json.ts';
import { newKey, send } from '../../data/rest.ts';
import { count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { useSites } from '../../shell/sites.ts';
import { EditButton } from './edit-button.tsx';
import { isTicked, numberOrNone, textOf, textOrNone, type Field, type Values } from './form-fields.ts';
import { ListPanel } from './list-panel.tsx';
import { useList } from './use-list.ts';
import { adminWords } from './words.ts';

const idPattern = String.raw`[A-Za-z0-9._\-]+`;

/** Saves by PUT; answers the position from which on the lists show it. */
async function put(path: string, body: object): Promise<number> {
  return number((await send('PUT', `/api/waiting-room/${path}`, body, newKey()))['position']);
}

function useIdField(name: string, maxLength: number) {
  const words = useWords(adminWords);
  return (fixed: boolean): Field => ({
    name,
    label: words.id,
    kind: 'text',
    required: true,
    fixed,
    pattern: idPattern,
    maxLength,
    ...(fixed ? {} : { hint: words.idHint }),
  });
}

/** The site something belongs to, and the choice of it. */
function useSiteField() {
  const words = useWords(adminWords);
  const { sites, siteId } = useSites();
  const names = new Map(sites.map((site) => [site.siteId, site.name]));
  const field: Field = {
    name: 'siteId',
    label: words.site,
    kind: 'choice',
    options: sites.map((site) => [site.siteId, site.name]),
  };
  return { field, current: siteId, nameOf: (id: string) => names.get(id) ?? id };
}

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

const timeZones = Intl.supportedValuesOf('timeZone');

function shownNumber(value: unknown): string {
  const read = numberOrNull(value);
  return read === null ? '' : String(read);
}
