import { useEffect, useState } from 'preact/hooks';
import { fieldsOf, listOf, moment, numberOrNull, text, type JsonFields } from '../../data/json.ts';
import { get } from '../../data/rest.ts';
import { dayAndTime } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { Action } from '../../view/action.tsx';
import { ListPanel } from './list-panel.tsx';
import { adminWords } from './words.ts';

/** Who changed which account or key, the newest first. */
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
