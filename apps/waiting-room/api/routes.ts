import type { RouteModule } from '#millrace/server';
import { analyticsRoutes } from './analytics-routes.ts';
import { CallDesk } from './call-desk.ts';
import { cashierRoutes } from './cashier-routes.ts';
import { checkInRoutes } from './check-in-routes.ts';
import { departmentRoutes } from './department-routes.ts';
import { KnownQueues } from './known-queues.ts';
import { MomentsAgo } from './moments-ago.ts';
import { originalRoutes } from './original-routes.ts';
import { publicRoutes } from './public-routes.ts';
import { queueRoutes } from './queue-routes.ts';
import { recordRoutes } from './record-routes.ts';
import { roomRoutes } from './room-routes.ts';
import { siteRoutes } from './site-routes.ts';
import { TicketNumbers } from './ticket-numbers.ts';
import { VisitLinks } from './visit-link.ts';
import { visitRoutes } from './visit-routes.ts';
import { VisitTickets } from './visit-tickets.ts';

/** All routes of the waiting room. */
export function waitingRoomRoutes(patientKeySecret: string): RouteModule {
  return async (server, system) => {
    const queues = new KnownQueues(system);
    const numbers = new TicketNumbers(system.log);
    const momentsAgo = new MomentsAgo(system);
    const tickets = new VisitTickets(system);
    server.addHook('onClose', () => {
      for (const part of [queues, numbers, momentsAgo, tickets]) part.stop();
    });
    await queues.refresh();
    const links = new VisitLinks(patientKeySecret);
    checkInRoutes(server, system, { queues, numbers, links, patientKeySecret });
    const desk = new CallDesk(system.readModels, momentsAgo);
    const calling = { desk, tickets };
    visitRoutes(server, system, queues, calling, patientKeySecret);
    cashierRoutes(server, system, calling);
    roomRoutes(server, system, desk, patientKeySecret);
    departmentRoutes(server, calling);
    queueRoutes(server, system);
    siteRoutes(server, system);
    recordRoutes(server, system, links);
    publicRoutes(server, system, links);
    analyticsRoutes(server, system);
    originalRoutes(server, system, patientKeySecret);
  };
}
