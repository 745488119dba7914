/** Where a command writes. Results go to `out`, progress and problems to `err`, so that results can be piped. */
export interface Terminal {
  /** One line to standard output. */
  readonly out: (line: string) => void;
  /** One line to standard error. */
  readonly err: (line: string) => void;
  /** A line that the next call writes over, on a terminal; a plain line elsewhere. Standard error. */
  readonly progress: (line: string) => void;
  /** Ends the updating line, when there is one. */
  readonly endProgress: () => void;
}

/** What of a stream is needed to write to it. */
interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The terminal of this process; other streams are for tests. */
export function openTerminal(stdout: Output = process.stdout, stderr: Output = process.stderr): Terminal {
  let open = false;
  const endProgress = () => {
    if (open) stderr.write('\n');
    open = false;
  };
  return {
    out: (line) => {
      endProgress();
      stdout.write(`${line}\n`);
    },
    err: (line) => {
      endProgress();
      stderr.write(`${line}\n`);
    },
    progress: (line) => {
      if (stderr.isTTY !== true) {
        stderr.write(`${line}\n`);
        return;
      }
      // A line that wraps cannot be written over.
      stderr.write(`\r\u001b[2K${line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`);
      open = true;
    },
    endProgress,
  };
}

/** Text columns, each as wide as its widest cell. @example alignColumns([['id', 'error'], ['12', 'boom']]) */
export function alignColumns(table: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const cells of table) {
    for (const [column, cell] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return table.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
