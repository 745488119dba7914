import { describe, expect, it } from 'vitest';
import { alignColumns, openTerminal } from './terminal.ts';

describe('the terminal', () => {
  it('writes over the progress line of a person, and ends it before anything else', () => {
    let err = '';
    const terminal = openTerminal(
      { write: () => undefined },
      { isTTY: true, columns: 40, write: (text) => (err += text) },
    );
    terminal.progress('1 of 2');
    terminal.progress('x'.repeat(100));
    terminal.err('done');
    expect(err).toBe(`\r\u001b[2K1 of 2\r\u001b[2K${'x'.repeat(39)}\ndone\n`);
  });

  it('writes plain lines for a machine', () => {
    let err = '';
    const terminal = openTerminal({ write: () => undefined }, { write: (text) => (err += text) });
    terminal.progress('1 of 2');
    terminal.endProgress();
    expect(err).toBe('1 of 2\n');
  });

  it('aligns columns', () => {
    expect(
      alignColumns([
        ['id', 'error'],
        ['12', ''],
        ['3', 'boom'],
      ]),
    ).toEqual(['id  error', '12', '3   boom']);
  });
});
