import { MillraceError } from '../errors.ts';

/** Letters and digits of any script, and what mail addresses have; no space, which keeps them apart from provider names. */
const userNames = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,99}$/u;
/** Characters. Long ones are fine, and a bound keeps hashing cheap. */
const passwordLengths = { least: 12, most: 256 };

/** Throws REQUEST_INVALID. */
export function checkUserName(userName: string): void {
  if (userNames.test(userName)) return;
  throw invalid('userName', 'must be 1 to 100 letters, digits or ._@+-, and begin with a letter or a digit');
}

/** Throws PASSWORD_WEAK: too short, too long, or the user name over again. `field`: what the request calls it. */
export function checkPassword(password: string, userName: string, field = 'password'): void {
  const { least, most } = passwordLengths;
  const { length } = password;
  const problem =
    length < least || length > most
      ? `must have ${least} to ${most} characters`
      : new Set(password).size < 4 || password.toLowerCase().includes(userName.toLowerCase())
        ? 'must not repeat the user name or a few characters'
        : undefined;
  if (problem === undefined) return;
  throw new MillraceError('PASSWORD_WEAK', `The password ${problem}.`, { fields: [{ field, problem }] });
}

/** Throws REQUEST_INVALID when a role is none of the application's, or there is none. */
export function checkRoles(roles: readonly string[], known: readonly string[]): void {
  if (roles.length > 0 && roles.every((role) => known.includes(role))) return;
  throw invalid('roles', `must be some of ${known.join(', ')}`);
}

function invalid(field: string, problem: string): MillraceError {
  return new MillraceError('REQUEST_INVALID', `${field} ${problem}.`, { fields: [{ field, problem }] });
}
