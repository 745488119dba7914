import { expect, test } from 'vitest';
import { repositoryFiles } from './repository-files.ts';

/** What only an application may speak of. `queue` is a broker's word, and `doctor` a command's name: both are fine. */
const words =
  /\b(patients?|doctors'? (?:office|room)|clinics?|clinical|hospitals?|tickets?|triage|consultations?|consulting|check-?ins?|checked-?in|queue-\d+|waiting[ _-]?rooms?|waiting[ _-]?list|cardiology|nurses?|receptionists?|physicians?|john doe|appointments?|diagnos[ei]s)\b/gi;
const pascalCase = /Patient|Consultation|CheckedIn|CheckIn|WaitingRoom|Cardiology/g;

/** Where a word means something else. */
const elsewhere: readonly { readonly folder: string; readonly words: RegExp; readonly why: string }[] = [
  {
    folder: 'src/server/access/',
    words: /\btickets?\b/gi,
    why: 'what opens one live connection is called so everywhere',
  },
];

test('src/ and bin/ know no word of an application', () => {
  const found = repositoryFiles(['src/**/*', 'bin/*']).flatMap(({ path, text }) =>
    text.split('\n').flatMap((whole, index) => {
      const meant = elsewhere.filter(({ folder }) => path.startsWith(folder)).map(({ words }) => words);
      const line = meant.reduce((left, other) => left.replaceAll(other, ''), whole);
      const hits = [...line.matchAll(words), ...line.matchAll(pascalCase)].map(([word]) => word);
      return hits.length === 0 ? [] : [`${path}:${index + 1} ${hits.join(', ')}`];
    }),
  );
  expect(found).toEqual([]);
});
