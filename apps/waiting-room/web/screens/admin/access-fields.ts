import { listOf, text, type JsonFields } from '../../data/json.ts';
import { named } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import { roles } from '../../shell/roles.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { textOf, type Field, type Values } from './form-fields.ts';
import { adminWords } from './words.ts';

/** The roles of an account or a key, and the choice of them. */
export function useRoles() {
  const words = useWords(adminWords);
  const shell = useWords(shellWords);
  const field: Field = {
    name: 'roles',
    label: words.rolesTitle,
    kind: 'ticks',
    hint: words.rolesHint,
    options: roles.map((role) => [role, shell.roles[role]]),
  };
  const shown = (row: JsonFields) =>
    listOf(row['roles'])
      .map((role) => named(shell.roles, text(role)))
      .join(', ');
  return { field, shown };
}

/** Why something was changed, where it was said. */
export function reasonOf(values: Values): { readonly reason?: string } {
  const reason = textOf(values, 'reason');
  return reason === '' ? {} : { reason };
}
