export { readDate } from './dates.ts';
export { forward } from './forward.ts';
export type { Application, LoadRequest, LoadScenario } from './application.ts';
export { keyOf, sendCommand, type CommandReply, type CommandRequest, type SentCommand } from './send-command.ts';
export type { LiveFeedDefinition, LiveMessage, LiveView, ResetReason } from './live-feed.ts';
export { minPositionOf, minPositionParameter, nullable } from './parameters.ts';
export { problemSchema, type Problem } from './problem.ts';
export type { MillraceServer, RequestContext, RouteModule } from './route-module.ts';
export { startServer, type RunningServer, type ServerOptions } from './start-server.ts';
