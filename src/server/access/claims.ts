import type { ProviderIdentity } from '../../access/access.ts';
import type { ProviderSettings } from './access-settings.ts';

/** What a provider says about somebody. */
export interface Claims {
  readonly [name: string]: unknown;
}

const longestName = 200;

/** The roles that a claim stands for. Values that stand for none of the known ones are passed over. */
export function rolesFrom(
  claims: Claims,
  { rolesClaim, roleMapping }: Pick<ProviderSettings, 'rolesClaim' | 'roleMapping'>,
  known: readonly string[],
): readonly string[] {
  const value = valueAt(claims, rolesClaim);
  const values: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(/[\s,]+/)
      : [];
  const roles = values.flatMap((one) => {
    if (typeof one !== 'string') return [];
    return Object.hasOwn(roleMapping, one) ? (roleMapping[one] ?? []) : one;
  });
  return [...new Set(roles)].filter((role) => known.includes(role));
}

/** Who somebody is, by the claims that providers have in common. */
export function identityFrom(
  issuer: string,
  subject: string,
  claims: Claims,
  roles: readonly string[],
): ProviderIdentity {
  const userName = nameIn(claims, ['preferred_username', 'email']) ?? subject;
  return { issuer, subject, userName, displayName: nameIn(claims, ['name']) ?? userName, roles };
}

/** A claim by its name, which may have dots in it, or inside of objects by the parts between the dots. */
function valueAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Object.entries(value).find(([key]) => key === part)?.[1];
  }
  return value;
}

function nameIn(claims: Claims, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = claims[name];
    // Characters that no text can hold or show are left out.
    const text =
      typeof value === 'string'
        ? value
            .toWellFormed()
            .replaceAll(/\p{Cc}/gu, '')
            .trim()
        : '';
    if (text !== '') return text.slice(0, longestName);
  }
  return undefined;
}
