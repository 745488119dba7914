import type { RunningSystem } from '#millrace';
import type { MillraceServer } from '#millrace/server';
import { dashboardRoutes } from './dashboard-routes.ts';
import { forwardedRoutes } from './forwarded-routes.ts';
import { queueViewRoutes } from './queue-view-routes.ts';
import { timelineRoutes } from './timeline-routes.ts';
import { trajectoryRoutes } from './trajectory-routes.ts';

/** Views of the waiting room under the names that clients of an older waiting room know. */
export function originalRoutes(server: MillraceServer, system: RunningSystem, patientKeySecret: string): void {
  queueViewRoutes(server, system);
  dashboardRoutes(server, system);
  timelineRoutes(server, system);
  trajectoryRoutes(server, system, patientKeySecret);
  forwardedRoutes(server);
}
