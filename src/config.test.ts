import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hidePassword, readSettings, settingsTable, shownSettings } from './config.ts';
import { MillraceError } from './errors.ts';

const secret = 'kept-secret';
const store = `postgres://me:${secret}@db.example:5432/event_store`;
const readModels = `postgresql://me:${secret}@db.example/read_models`;

function refusal(env: NodeJS.ProcessEnv): MillraceError {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  throw new Error('The settings were accepted.');
}

describe('readSettings', () => {
  it('needs nothing: every setting has a default', () => {
    expect(readSettings({})).toEqual({
      host: '127.0.0.1',
      port: 5000,
      dataFolder: path.resolve('.millrace'),
      eventStoreUrl: undefined,
      readModelsUrl: undefined,
      logLevel: 'info',
      migrate: true,
      serverUrl: undefined,
    });
  });

  it('takes every setting that is given', () => {
    const env = {
      HOST: '0.0.0.0',
      PORT: '0',
      MILLRACE_DATA: '/srv/data of mine',
      EVENT_STORE_URL: store,
      READ_MODELS_URL: readModels,
      LOG_LEVEL: 'DEBUG',
      MILLRACE_MIGRATE: 'no',
      MILLRACE_URL: 'http://127.0.0.1:8080/',
    };
    expect(readSettings(env)).toEqual({
      host: '0.0.0.0',
      port: 0,
      dataFolder: '/srv/data of mine',
      eventStoreUrl: store,
      readModelsUrl: readModels,
      logLevel: 'debug',
      migrate: false,
      serverUrl: 'http://127.0.0.1:8080',
    });
  });

  it('accepts its own examples', () => {
    const env = Object.fromEntries(Object.entries(settingsTable).map(([name, { example }]) => [name, example]));
    expect(() => readSettings(env)).not.toThrow();
  });

  it('treats an empty variable as not set', () => {
    expect(readSettings({ PORT: '', EVENT_STORE_URL: ' ' })).toEqual(readSettings({}));
  });

  it('names every wrong setting at once', () => {
    const error = refusal({ HOST: 'a b', PORT: '70000', EVENT_STORE_URL: store, LOG_LEVEL: 'loud', MILLRACE_DAT: 'x' });
    expect(error.code).toBe('SETTING_INVALID');
    expect(error.fields.map(({ field }) => field)).toEqual([
      'HOST',
      'PORT',
      'LOG_LEVEL',
      'READ_MODELS_URL',
      'MILLRACE_DAT',
    ]);
    for (const { field } of error.fields) expect(error.message).toContain(field);
  });

  it.each([
    ['EVENT_STORE_URL', 'READ_MODELS_URL'],
    ['READ_MODELS_URL', 'EVENT_STORE_URL'],
  ])('%s alone is refused, and the message names %s', (given, missing) => {
    const error = refusal({ [given]: store });
    expect(error.fields).toHaveLength(1);
    expect(error.fields[0]?.field).toBe(missing);
    expect(error.fields[0]?.problem).toContain(given);
  });

  it.each(['80.5', '-1', '65536', '5e3', '0x10', 'http'])('refuses the port %s', (PORT) => {
    expect(refusal({ PORT }).fields).toHaveLength(1);
  });

  it.each(['300.1.1.1', '-host', 'a..b', 'http://host'])('refuses the host %s', (HOST) => {
    expect(refusal({ HOST }).fields).toHaveLength(1);
  });

  it.each([`mysql://me:${secret}@db/x`, `postgres://me:${secret}@db`, `me:${secret}@db/x`, `postgres://:${secret}@/x`])(
    'never repeats a password of a wrong URL (%#)',
    (url) => {
      const error = refusal({ EVENT_STORE_URL: url, READ_MODELS_URL: readModels });
      expect(error.fields.map(({ field }) => field)).toEqual(['EVENT_STORE_URL']);
      expect(JSON.stringify([error.message, error.fields])).not.toContain(secret);
    },
  );

  it('refuses an unknown name with its own prefix, and leaves other names alone', () => {
    const error = refusal({ MILLRACE_DTAA: 'x', HOME: '/root', MILLRACE_TEST_POSTGRES_URL: store });
    expect(error.code).toBe('SETTING_UNKNOWN');
    expect(error.fields.map(({ field }) => field)).toEqual(['MILLRACE_DTAA']);
  });
});

describe('shown settings', () => {
  it('hide passwords and keep the rest', () => {
    const shown = shownSettings(
      readSettings({ EVENT_STORE_URL: store, READ_MODELS_URL: `${readModels}?password=${secret}` }),
    );
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect(shown).toContainEqual({ name: 'EVENT_STORE_URL', value: 'postgres://me:***@db.example:5432/event_store' });
    expect(shown).toContainEqual({ name: 'PORT', value: '5000' });
  });

  it('show every setting of the table', () => {
    expect(shownSettings(readSettings({})).map(({ name }) => name)).toEqual(Object.keys(settingsTable));
  });

  it('show nothing of a text that is no URL', () => {
    expect(hidePassword(secret)).toBe('***');
  });
});

describe('docs/reference/settings.md', () => {
  it('has the same table as the code', () => {
    const page = readFileSync(new URL('../docs/reference/settings.md', import.meta.url), 'utf8');
    const section = page.split('\n## ')[0] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const expected = Object.entries(settingsTable).map(
      ([name, { meaning, defaultText, secret, example }]) =>
        `| \`${name}\` | ${meaning} | ${defaultText} | \`${example}\` | ${secret ? 'yes' : 'no'} |`,
    );
    expect(rows).toEqual(expected);
  });
});
