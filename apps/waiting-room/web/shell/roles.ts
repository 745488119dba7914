/** What somebody may be at the clinic; the server has the same list and checks every request by it. */
export const roles = [
  'receptionist',
  'kiosk',
  'triage-nurse',
  'cashier',
  'doctor',
  'supervisor',
  'operator',
  'administrator',
  'display',
] as const;

export type Role = (typeof roles)[number];

/** Who has patients in front of them, and may see lists of them. */
export const staff: readonly Role[] = ['receptionist', 'triage-nurse', 'cashier', 'doctor', 'supervisor'];
