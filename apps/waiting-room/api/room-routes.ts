import { Type, type JsonObject, type RunningSystem } from '#millrace';
import {
  minPositionOf,
  minPositionParameter,
  sendCommand,
  type CommandReply,
  type CommandRequest,
  type MillraceServer,
} from '#millrace/server';
import type { Place } from '../domain/names.ts';
import { placeSettingsDecider } from '../domain/place-settings.ts';
import { placeDecider } from '../domain/room.ts';
import { withTurn, type CallDesk } from './call-desk.ts';
import { patientKeyOf } from './patient-key.ts';
import {
  deskAnswer,
  deskBody,
  deskParams,
  deskSchema,
  roomAnswer,
  roomBody,
  roomParams,
  roomSchema,
  staffBody,
} from './schemas.ts';

const tags = ['waiting room'];
const listQuery = Type.Object(minPositionParameter);
const columns = `site_id as "siteId", staff_id as "staffId", staff_name as "staffName", active, occupied,
                 visit_id as "visitId", queue_id as "queueId", ticket, status`;
const roomsSql = `select room_id as "roomId", room_name as "roomName", ${columns}
                  from rooms_view order by room_key limit 1000`;
const desksSql = `select desk_id as "deskId", desk_name as "deskName", ${columns}
                  from desks_view order by desk_key limit 1000`;

/** The consulting rooms and the cashier's desks: which there are, what they are called, who works there, which may call. */
export function roomRoutes(
  server: MillraceServer,
  { readModels }: Pick<RunningSystem, 'readModels'>,
  desk: CallDesk,
  secret: string,
): void {
  server.get(
    '/api/waiting-room/rooms',
    {
      schema: {
        tags,
        summary: 'The rooms that have called or were spoken of',
        querystring: listQuery,
        response: { 200: Type.Array(roomSchema) },
      },
    },
    (request) => readModels.query(roomsSql, [], minPositionOf(request.query)),
  );
  server.get(
    '/api/waiting-room/desks',
    {
      schema: {
        tags,
        summary: 'The desks that have called or were spoken of',
        querystring: listQuery,
        response: { 200: Type.Array(deskSchema) },
      },
    },
    (request) => readModels.query(desksSql, [], minPositionOf(request.query)),
  );

  server.put(
    '/api/waiting-room/rooms/:roomId',
    {
      schema: {
        tags,
        summary: 'Activate or deactivate a room, name it, or say where it is',
        description:
          'What is not given stays. A room that nobody spoke of is active. Only a room that holds nobody can be ' +
          'deactivated.',
        params: roomParams,
        body: roomBody,
        response: { 200: roomAnswer },
      },
    },
    async (request, reply) => {
      const { roomId } = request.params;
      const { active, roomName, siteId } = request.body;
      const place = { kind: 'room', id: roomId } as const;
      return { roomId, ...(await setPlace(request, reply, desk, place, { active, name: roomName, siteId })) };
    },
  );
  server.put(
    '/api/waiting-room/desks/:deskId',
    {
      schema: {
        tags,
        summary: 'Activate or deactivate a desk, name it, or say where it is',
        description: 'As with a room.',
        params: deskParams,
        body: deskBody,
        response: { 200: deskAnswer },
      },
    },
    async (request, reply) => {
      const { deskId } = request.params;
      const { active, deskName, siteId } = request.body;
      const place = { kind: 'desk', id: deskId } as const;
      return { deskId, ...(await setPlace(request, reply, desk, place, { active, name: deskName, siteId })) };
    },
  );

  server.put(
    '/api/waiting-room/rooms/:roomId/staff',
    {
      schema: {
        tags,
        summary: 'Say who works in a room, or that nobody does',
        params: roomParams,
        body: staffBody,
        response: { 200: roomAnswer },
      },
    },
    async (request, reply) => {
      const { roomId } = request.params;
      return { roomId, ...(await setStaff(request, reply, secret, { kind: 'room', id: roomId }, request.body)) };
    },
  );
  server.put(
    '/api/waiting-room/desks/:deskId/staff',
    {
      schema: {
        tags,
        summary: 'Say who works at a desk, or that nobody does',
        params: deskParams,
        body: staffBody,
        response: { 200: deskAnswer },
      },
    },
    async (request, reply) => {
      const { deskId } = request.params;
      return { deskId, ...(await setStaff(request, reply, secret, { kind: 'desk', id: deskId }, request.body)) };
    },
  );
}

interface PlaceBody {
  readonly active: boolean | undefined;
  readonly name: string | undefined;
  readonly siteId: string | undefined;
}

/** Name and site first, since only the activation can be refused: it says why, and nothing is lost by a second try. */
async function setPlace(
  request: CommandRequest,
  reply: CommandReply,
  desk: CallDesk,
  place: Place,
  { active, name, siteId }: PlaceBody,
) {
  // A key stands for one command. With both to do, it is the activation's, and to name a place twice changes nothing.
  const naming = active === undefined ? request : { ...withoutKey(request), server: request.server };
  const named =
    name === undefined && siteId === undefined && active !== undefined
      ? undefined
      : await sendCommand(naming, reply, {
          decider: placeSettingsDecider,
          command: { place, type: 'configure', name, siteId },
          answer: (events) => ({ changed: events.length > 0 }),
        });
  if (active === undefined) return { ...named, changed: named?.changed ?? false, position: named?.position ?? 0 };
  const changed = await changePlace(request, reply, desk, place, active);
  return { ...changed, changed: changed.changed || named?.changed === true };
}

function withoutKey(request: CommandRequest): Omit<CommandRequest, 'server'> {
  const { context, method, routeOptions, params, body } = request;
  return { context, method, routeOptions, params, body, headers: {} };
}

function setStaff(
  request: CommandRequest,
  reply: CommandReply,
  secret: string,
  place: Place,
  { staffName, staffId }: { readonly staffName: string | null; readonly staffId?: string },
) {
  // Without an id the name is all that is known of somebody, and no id holds a name.
  const idOf = (name: string) => staffId ?? `staff-${patientKeyOf(secret, 'staff', name).slice(0, 16)}`;
  const staff = staffName === null ? null : { staffId: idOf(staffName), staffName };
  return sendCommand(request, reply, {
    decider: placeSettingsDecider,
    command: { place, type: 'staff', staff },
    answer: (events) => ({ changed: events.length > 0 }),
  });
}

/** Activates or deactivates a place; the turn that the decision needs is guessed, and guessed again. */
export async function changePlace(
  request: CommandRequest,
  reply: CommandReply,
  desk: CallDesk,
  place: Place,
  active: boolean,
) {
  const answer = (events: readonly unknown[]) => ({ active, changed: events.length > 0 }) satisfies JsonObject;
  const send = (lastTurn: number) =>
    sendCommand(request, reply, { decider: placeDecider, command: { place, active, lastTurn }, answer });
  return active ? send(0) : withTurn(await desk.lastTurn(place), send);
}
