import type { ComponentType } from 'preact';
import { allowed, observers, roles, type Role } from './roles.ts';

export interface ScreenProps {
  /** What stands behind the path of the screen: the token of a patient's page, the id of a visit. Otherwise empty. */
  readonly rest: string;
}

interface ScreenEntry {
  /** `/reception`; with a `/` at the end for one that takes more, as `/v/`. */
  readonly path: string;
  /** Who may see it; `public` for everybody, signed in or not. */
  readonly roles: readonly Role[] | 'public';
  /** Where it stands on the first page; undefined for screens that are reached by a link of their own. */
  readonly group: Group | undefined;
  /** Brings the code and the styles of the screen. */
  readonly load: () => Promise<ComponentType<ScreenProps>>;
}

/** The groups of the first page, in their order. */
export const groups = ['arrival', 'care', 'lead', 'public'] as const;
export type Group = (typeof groups)[number];

/** Every screen, in the order of the first page. A chunk of its own each. */
export const screens = {
  reception: {
    path: '/reception',
    roles: allowed('POST /api/waiting-room/find-patients'),
    group: 'arrival',
    load: async () => (await import('../screens/reception/reception.tsx')).Reception,
  },
  kiosk: {
    path: '/kiosk',
    roles: allowed('POST /api/waiting-room/check-in'),
    group: 'arrival',
    load: async () => (await import('../screens/kiosk/kiosk.tsx')).Kiosk,
  },
  triage: {
    path: '/triage',
    roles: allowed('POST /api/waiting-room/record-triage'),
    group: 'care',
    load: async () => (await import('../screens/triage/triage.tsx')).Triage,
  },
  cashier: {
    path: '/cashier',
    roles: allowed('POST /api/waiting-room/call-next-to-desk'),
    group: 'care',
    load: async () => (await import('../screens/cashier/cashier.tsx')).Cashier,
  },
  room: {
    path: '/room',
    roles: allowed('POST /api/waiting-room/call-next'),
    group: 'care',
    load: async () => (await import('../screens/room/room.tsx')).Room,
  },
  supervisor: {
    path: '/supervisor',
    roles: allowed('PUT /api/waiting-room/queues/:queueId/state'),
    group: 'lead',
    load: async () => (await import('../screens/supervisor/supervisor.tsx')).Supervisor,
  },
  analytics: {
    path: '/analytics',
    roles: allowed('GET /api/waiting-room/analytics'),
    group: 'lead',
    load: async () => (await import('../screens/analytics/analytics.tsx')).Analytics,
  },
  visit: {
    path: '/visits/',
    roles: allowed('GET /api/waiting-room/visits/:visitId'),
    group: undefined,
    load: async () => (await import('../screens/visit/visit.tsx')).Visit,
  },
  admin: {
    path: '/admin',
    roles: allowed('PUT /api/waiting-room/queues/:queueId'),
    group: 'lead',
    load: async () => (await import('../screens/admin/admin.tsx')).Admin,
  },
  account: {
    path: '/account',
    roles,
    group: undefined,
    load: async () => (await import('../screens/account/account.tsx')).AccountScreen,
  },
  flow: {
    path: '/flow',
    roles: observers,
    group: 'lead',
    load: async () => (await import('../screens/flow/flow.tsx')).Flow,
  },
  display: {
    path: '/display',
    roles: 'public',
    group: 'public',
    load: async () => (await import('../screens/display/display.tsx')).Display,
  },
  patient: {
    path: '/v/',
    roles: 'public',
    group: undefined,
    load: async () => (await import('../screens/phone/phone.tsx')).Phone,
  },
} as const satisfies { readonly [name: string]: ScreenEntry };

export type ScreenName = keyof typeof screens;

/** The screen at a path, and what stands behind it; undefined when there is none. */
export function screenAt(
  path: string,
): { readonly name: ScreenName; readonly screen: ScreenEntry; readonly rest: string } | undefined {
  for (const [name, screen] of entries()) {
    const takesMore = screen.path.endsWith('/');
    if (takesMore ? path.startsWith(screen.path) && path.length > screen.path.length : path === screen.path) {
      return { name, screen, rest: takesMore ? decodeURIComponent(path.slice(screen.path.length)) : '' };
    }
  }
  return undefined;
}

/** Whether somebody with these roles may see a screen. */
export function maySee(screen: Pick<ScreenEntry, 'roles'>, held: readonly Role[]): boolean {
  return screen.roles === 'public' || screen.roles.some((role) => held.includes(role));
}

/** All screens with their names. */
export function entries(): readonly (readonly [ScreenName, ScreenEntry])[] {
  return names.map((name) => [name, screens[name]]);
}

const names = Object.keys(screens).filter((name): name is ScreenName => name in screens);
