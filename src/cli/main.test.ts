import { describe, expect, it } from 'vitest';
import { main } from './main.ts';
import { openTerminal } from './terminal.ts';

/** Runs a command line and answers what it wrote. */
async function run(...args: string[]) {
  const written = { out: '', err: '' };
  const terminal = openTerminal({ write: (text) => (written.out += text) }, { write: (text) => (written.err += text) });
  const code = await main(args, terminal);
  return { code, ...written };
}

const commands = ['start', 'migrate', 'url', 'doctor', 'load', 'rebuild', 'replay', 'dead-letters'];
const parts = [
  ['dead-letters', 'list'],
  ['dead-letters', 'show'],
  ['dead-letters', 'retry'],
  ['dead-letters', 'retry-all'],
  ['dead-letters', 'discard'],
];

describe('the command line', () => {
  it('lists every command', async () => {
    const { code, out, err } = await run('--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const command of commands) expect(out).toContain(`\n  ${command} `);
  });

  it.each([...commands.map((command) => [command]), ...parts])('%s %s helps with an example', async (...path) => {
    const words = path.filter((word) => word !== undefined);
    const { code, out } = await run(...words, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`Usage: millrace ${words.join(' ')}`);
    expect(out).toMatch(/Example:\n {2}\S/);
  });

  it.each([
    [['no-such-command']],
    [['start', '--no-such-option']],
    [['start', '--role', 'boss']],
    [['url', 'no-such-database']],
    [['url']],
    [['load', '--rate', '0']],
    [['load', '--rate', 'many']],
    [['replay']],
    [['dead-letters', 'retry', 'x']],
    [['dead-letters', 'discard', '1']],
    [['dead-letters', 'show']],
    [['dead-letters', 'retry-all', '--relay', '--projection', 'x']],
    [['dead-letters']],
    [[]],
  ])('%j is wrong usage: code 2 and one line that says what is wrong', async (args) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^millrace: USAGE .+\n$/);
  });

  it.each([
    [['no-such-command'], 'There is no command "no-such-command". See millrace --help.'],
    [[], 'Say what to do. See millrace --help.'],
    [['dead-letters'], 'Say what to do. See millrace dead-letters --help.'],
  ])('%j is told what there is instead', async (args, message) => {
    const { err } = await run(...args);
    expect(err).toBe(`millrace: USAGE ${message}\n`);
  });

  it('says code and message of a failure, without a stack', async () => {
    const { code, out, err } = await run('migrate', '--app', '/no/such/app.ts');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe('millrace: APP_MISSING There is no application at /no/such/app.ts.\n');
  });

  it('prepares the databases with --init-db as well', async () => {
    const { code, err } = await run('--init-db', '--app', '/no/such/app.ts');
    expect(code).toBe(1);
    expect(err).toBe('millrace: APP_MISSING There is no application at /no/such/app.ts.\n');
  });

  it('shows the stack when it is asked to', async () => {
    const { code, err } = await run('migrate', '--app', '/no/such/app.ts', '--debug');
    expect(code).toBe(1);
    expect(err).toMatch(/\n {4}at /);
  });

  it('knows its version', async () => {
    const { code, out } = await run('--version');
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+/);
  });
});
