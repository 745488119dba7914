import type { RouteModule } from '#millrace/server';
import { analyticsRoutes } from './analytics-routes.ts';
import { CallDesk } from './call-desk.ts';
import { cashierRoutes } from './cashier-routes.ts';
import { checkInRoutes } from './check-in-routes.ts';
import { departmentRoutes } from './department-routes.ts';
import { KnownQueues } from './known-queues.ts';
import { MomentsAgo } from './moments-ago.ts';
import { originalRoutes } from './original-routes.ts';
import { queueRoutes } from './queue-routes.ts';
import { roomRoutes } from './room-routes.ts';
import { visitRoutes } from './visit-routes.ts';

/** All routes of the waiting room. */
export function waitingRoomRoutes(patientKeySecret: string): RouteModule {
  return async (server, system) => {
    const queues = new KnownQueues(system);
    const momentsAgo = new MomentsAgo(system);
    server.addHook('onClose', () => {
      queues.stop();
      momentsAgo.stop();
    });
    await queues.refresh();
    checkInRoutes(server, system, queues, patientKeySecret);
    const desk = new CallDesk(system.readModels, momentsAgo);
    visitRoutes(server, system, desk, patientKeySecret);
    cashierRoutes(server, system, desk);
    roomRoutes(server, system, desk);
    departmentRoutes(server, desk);
    queueRoutes(server, system);
    analyticsRoutes(server, system);
    originalRoutes(server, system, patientKeySecret);
  };
}
