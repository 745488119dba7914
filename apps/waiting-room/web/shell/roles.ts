import { clinicAccess, permissions, type ClinicRole } from '../../access.ts';

export { roles, staff } from '../../access.ts';
export type Role = ClinicRole;

/** Something that the server lets some roles do: a route, as `POST /api/waiting-room/leave`. */
export type Right = keyof typeof permissions;

/** Who keeps accounts and API keys, and who sees the figures of the platform. */
export const { administrators, observers } = clinicAccess;

/** Who may do something; nobody has to be named for what is public. */
export function allowed(right: Right): readonly Role[] | 'public' {
  return permissions[right];
}

/** Whether somebody with these roles may do something. The server decides by the same table. */
export function mayUse(right: Right, held: readonly Role[]): boolean {
  const wanted = allowed(right);
  return wanted === 'public' || wanted.some((role) => held.includes(role));
}
