import { expect, test } from 'vitest';
import { refusals } from '../../../apps/waiting-room/domain/refusals.ts';
import { visitStatuses } from '../../../apps/waiting-room/domain/status.ts';
import { transitions } from '../../../apps/waiting-room/domain/transitions.ts';
import { errorCatalogue, type ErrorCode } from '../../../src/errors.ts';
import { clinicWords } from '../../../apps/waiting-room/web/language/clinic-words.ts';
import { refusalWords } from '../../../apps/waiting-room/web/language/refusal-words.ts';
import { steps } from '../../../apps/waiting-room/web/model/steps.ts';

test('what the screens let staff press is what the clinic permits', () => {
  const permitted: { readonly [step: string]: object } = transitions;
  const differing = Object.entries(steps).filter(
    ([step, shown]) => JSON.stringify(normal(permitted[step])) !== JSON.stringify(normal(shown)),
  );
  expect(differing).toEqual([]);
});

function normal(transition: object | undefined): unknown {
  const { from, otherwise }: { from: readonly string[]; otherwise: string } = {
    from: [],
    otherwise: '',
    ...transition,
  };
  return { from: [...from].sort((a, b) => a.localeCompare(b)), otherwise };
}

test('every refusal of the clinic has words in every language', () => {
  for (const words of Object.values(refusalWords)) {
    expect(Object.keys(refusals).filter((code) => !Object.hasOwn(words, code))).toEqual([]);
  }
});

/** Codes that no screen can receive, by who sees them instead. */
const neverOnScreen: { readonly [who: string]: readonly ErrorCode[] } = {
  'whoever starts or installs the system': [
    ...(['SETTING_INVALID', 'SETTING_UNKNOWN', 'USAGE', 'APP_MISSING', 'APP_INVALID', 'NOT_RUNNING'] as const),
    ...(['ANSWER_UNEXPECTED', 'PORT_TAKEN', 'DATA_IN_USE', 'POSTGRES_START_FAILED', 'SECRETS_MISSING'] as const),
    ...(['POSTGRES_VERSION_UNSUPPORTED', 'SCHEMA_NEWER', 'SCHEMA_MISSING', 'MIGRATION_FORBIDDEN'] as const),
    ...(['DEFINITION_INVALID', 'READ_MODELS_OUTDATED'] as const),
  ],
  'health, logs and metrics': ['CONSUMER_STUCK', 'RELAY_STUCK', 'LOG_RESTORED', 'EVENT_UNKNOWN'],
  'operators, by the command line or the routes for them': [
    ...(['STREAM_UNKNOWN', 'EVENT_NOT_FOUND', 'PROJECTION_UNKNOWN', 'PROJECTOR_MISSING', 'REASON_REQUIRED'] as const),
    ...(['REBUILD_IN_PROGRESS', 'REBUILD_FAILED', 'REBUILD_DIFFERS', 'REBUILD_NOT_RUNNING'] as const),
    ...(['OLD_BUILD_MISSING', 'OLD_BUILD_BEHIND', 'DEAD_LETTER_UNKNOWN', 'DEAD_LETTER_NOT_FIRST'] as const),
    ...(['OPERATION_UNKNOWN', 'OPERATION_ABANDONED', 'OPERATION_UNFINISHED'] as const),
    ...(['ARCHIVE_FAILED', 'ARCHIVE_FILE_DAMAGED', 'ARCHIVE_FILE_MISSING', 'ARCHIVE_IN_PROGRESS'] as const),
    ...(['BACKUP_DAMAGED', 'BACKUP_FOLDER_IN_USE', 'RESTORE_DIFFERS', 'RESTORE_NOT_EMPTY'] as const),
    ...(['RESTORE_OTHER_SYSTEM', 'LOG_FILES_MISSING', 'LOG_QUERY_INVALID'] as const),
  ],
};

test('every error of the platform has words in every language, but for those that no screen receives', () => {
  const elsewhere: readonly string[] = Object.values(neverOnScreen).flat();
  for (const words of Object.values(refusalWords)) {
    const wordless = Object.keys(errorCatalogue).filter((code) => !Object.hasOwn(words, code));
    expect(wordless.sort()).toEqual([...elsewhere].sort());
  }
});

test('every status has words in every language', () => {
  for (const { statuses } of Object.values(clinicWords)) {
    expect(Object.keys(statuses).sort()).toEqual([...visitStatuses].sort());
  }
});
