import { listOf, momentOrNull, text, type JsonFields } from '../../data/json.ts';
import { named } from '../../language/clinic-words.ts';
import { dayAndTime } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { adminWords } from './words.ts';

/** What a change changed, in words. */
export function ChangeDetails({ details }: { readonly details: JsonFields }) {
  const words = useWords(adminWords);
  const shell = useWords(shellWords);
  function shown(name: string, value: unknown): string {
    if (name === 'password') return words.changedPassword;
    if (typeof value === 'boolean') return value ? words.yes : words.no;
    if (Array.isArray(value)) {
      return listOf(value)
        .map((role) => named(shell.roles, text(role)))
        .join(', ');
    }
    if (name === 'expiresAt') {
      const at = momentOrNull(value);
      return at === null ? words.never : dayAndTime(at);
    }
    return text(value);
  }
  return (
    <dl class="change-details">
      {Object.entries(details).map(([name, value]) => (
        <div key={name}>
          <dt>{named(words.changeDetails, name)}</dt>
          <dd>{shown(name, value)}</dd>
        </div>
      ))}
    </dl>
  );
}
