import { Type, type JsonObject, type RunningSystem } from '#millrace';
import {
  minPositionOf,
  minPositionParameter,
  sendCommand,
  type CommandReply,
  type CommandRequest,
  type MillraceServer,
} from '#millrace/server';
import { roomDecider } from '../domain/room.ts';
import { withTurn, type CallDesk } from './call-desk.ts';
import { roomAnswer, roomBody, roomParams, roomSchema } from './schemas.ts';

const tags = ['waiting room'];

/** The consulting rooms: which there are, and which of them may call. */
export function roomRoutes(
  server: MillraceServer,
  { readModels }: Pick<RunningSystem, 'readModels'>,
  desk: CallDesk,
): void {
  server.get(
    '/api/waiting-room/rooms',
    {
      schema: {
        tags,
        summary: 'The rooms that have called or were activated',
        querystring: Type.Object(minPositionParameter),
        response: { 200: Type.Array(roomSchema) },
      },
    },
    (request) =>
      readModels.query(
        `select room_id as "roomId", active, occupied, visit_id as "visitId", queue_id as "queueId", ticket, status
         from rooms_view order by room_key limit 1000`,
        [],
        minPositionOf(request.query),
      ),
  );

  server.put(
    '/api/waiting-room/rooms/:roomId',
    {
      schema: {
        tags,
        summary: 'Activate or deactivate a room',
        description: 'A room that nobody spoke of is active. Only a room that holds nobody can be deactivated.',
        params: roomParams,
        body: roomBody,
        response: { 200: roomAnswer },
      },
    },
    (request, reply) => changeRoom(request, reply, desk, request.params.roomId, request.body.active),
  );
}

/** Activates or deactivates a room; the turn that the decision needs is guessed, and guessed again. */
export async function changeRoom(
  request: CommandRequest,
  reply: CommandReply,
  desk: CallDesk,
  roomId: string,
  active: boolean,
) {
  const answer = (events: readonly unknown[]) => ({ roomId, active, changed: events.length > 0 }) satisfies JsonObject;
  const send = (lastTurn: number) =>
    sendCommand(request, reply, { decider: roomDecider, command: { roomId, active, lastTurn }, answer });
  return active ? send(0) : withTurn(await desk.lastTurn({ kind: 'room', id: roomId }), send);
}
