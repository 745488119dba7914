import { expect, test } from 'vitest';
import { clinicAccess } from '../../../apps/waiting-room/access.ts';
import { refusals } from '../../../apps/waiting-room/domain/refusals.ts';
import { visitStatuses } from '../../../apps/waiting-room/domain/status.ts';
import { transitions } from '../../../apps/waiting-room/domain/transitions.ts';
import { clinicWords } from '../../../apps/waiting-room/web/language/clinic-words.ts';
import { refusalWords } from '../../../apps/waiting-room/web/language/refusal-words.ts';
import { steps } from '../../../apps/waiting-room/web/model/steps.ts';
import { roles } from '../../../apps/waiting-room/web/shell/roles.ts';

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

test('every status has words in every language', () => {
  for (const { statuses } of Object.values(clinicWords)) {
    expect(Object.keys(statuses).sort()).toEqual([...visitStatuses].sort());
  }
});

test('the screens know the roles that the server knows', () => {
  expect([...roles].sort()).toEqual([...clinicAccess.roles].sort());
});
