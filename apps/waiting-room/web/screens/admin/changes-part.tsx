import { useEffect, useState } from 'preact/hooks';
import { fieldsOf, listOf, moment, numberOrNull, text, type JsonFields } from '../../data/json.ts';
import { get } from '../../data/rest.ts';
import { named } from '../../language/clinic-words.ts';
import { dayAndTime } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { Action } from '../../view/action.tsx';
import { ChangeDetails } from './change-details.tsx';
import { ListPanel } from './list-panel.tsx';
import { useList } from './use-list.ts';
import { adminWords } from './words.ts';

/** Who changed which account or key, the newest first. */
export function ChangesPart() {
  const words = useWords(adminWords);
  const [rows, setRows] = useState<readonly JsonFields[]>();
  const [next, setNext] = useState<number | null>(null);
  const [problem, setProblem] = useState<string>();
  const nameOf = useNames();
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
          { title: words.actor, cell: (row) => <Named id={text(row['actor'])} name={nameOf(text(row['actor']))} /> },
          { title: words.action, cell: (row) => named(words.changeActions, text(row['action'])) },
          {
            title: words.subject,
            cell: (row) => <Named id={text(row['subjectId'])} name={nameOf(text(row['subjectId']))} />,
          },
          { title: words.details, cell: (row) => <ChangeDetails details={fieldsOf(row['details'])} /> },
          { title: words.reason, cell: (row) => text(row['reason']) || '–' },
        ]}
      />
      {next !== null && <Action onAct={() => load(next)}>{words.more}</Action>}
    </>
  );
}

/** A name that people know, with the id that the record has. */
function Named({ id, name }: { readonly id: string; readonly name: string }) {
  return <span title={id}>{name}</span>;
}

/** What accounts and keys are called, by their ids and by what stands for them as actors; the id itself otherwise. */
function useNames(): (id: string) => string {
  const words = useWords(adminWords);
  const accounts = useList('/api/access/accounts', 'accounts').rows ?? [];
  const keys = useList('/api/access/api-keys', 'apiKeys').rows ?? [];
  const names = new Map([
    ...accounts.map((row) => [text(row['accountId']), text(row['userName'])] as const),
    ...keys.map((row) => [text(row['keyId']), text(row['name'])] as const),
  ]);
  return (id) => {
    const bare = id.replace(/^(account|api-key):/, '');
    if (bare === 'demo:demo') return words.demoActor;
    return names.get(bare) ?? bare.replace(/^demo-/, '');
  };
}
