import type { ComponentChildren } from 'preact';
import { useWords } from '../../language/language.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { adminWords } from './words.ts';
import '../../view/stacked-table.css';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
}

interface ListPanelProps<Row> {
  readonly title: string;
  readonly rows: readonly Row[] | undefined;
  readonly problem: string | undefined;
  readonly keyOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  /** What can be done with one; undefined when there is nothing to do. */
  readonly actions?: (row: Row) => ComponentChildren;
  /** Beside the title. */
  readonly tools?: ComponentChildren;
}

/** A table of the administration; on a phone each row is a card. The first column names the row. */
export function ListPanel<Row>({ title, rows, problem, keyOf, columns, actions, tools }: ListPanelProps<Row>) {
  const words = useWords(adminWords);
  const shell = useWords(shellWords);
  const [first, ...others] = columns;
  return (
    <section class="panel" aria-labelledby="part-title">
      <div class="section-head">
        <h2 id="part-title">{title}</h2>
        {tools}
      </div>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {words.failed} {problem}
        </p>
      )}
      {rows === undefined && problem === undefined && <p class="quietly">{shell.loading}</p>}
      {rows?.length === 0 && <p class="quietly">{words.nothing}</p>}
      {rows !== undefined && rows.length > 0 && (
        <table class="stacked-table admin-table">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.title} scope="col">
                  {column.title}
                </th>
              ))}
              {actions !== undefined && <th scope="col">{words.actions}</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={keyOf(row)} data-row={keyOf(row)}>
                <th scope="row">{first?.cell(row)}</th>
                {others.map((column) => (
                  <td key={column.title} data-title={column.title}>
                    {column.cell(row)}
                  </td>
                ))}
                {actions !== undefined && <td>{actions(row)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
