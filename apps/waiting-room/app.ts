import type { EventQuery } from '#millrace';
import type { Application } from '#millrace/server';
import { clinicAccess } from './access.ts';
import { waitingRoomRoutes } from './api/routes.ts';
import { queueTag } from './domain/names.ts';
import { waitingRoomGrpc } from './grpc.ts';
import { checkIns } from './load.ts';
import { waitingRoom } from './system.ts';

export interface WaitingRoomSettings {
  /**
   * Keys the pseudonyms of patients and the links on their phones. Whoever knows it can try out which patient a tag
   * stands for, so an installation with real patients sets one of its own, and keeps it: with another one, patients who
   * wait are not recognised, and the links lead nowhere. 32 characters or more.
   */
  readonly patientKeySecret: string;
}

/** Good for demonstrations: it is public. */
const demonstration: WaitingRoomSettings = { patientKeySecret: 'millrace waiting room demonstration' };

const visitId = /^visit-[0-9a-f-]{36}$/;

/** A visit's id is its stream; any other id is taken for a queue's. */
export function eventsOf(id: string): readonly EventQuery[] {
  return visitId.test(id) ? [{ stream: id }] : [{ tags: [queueTag(id)] }];
}

/** The setting `PATIENT_KEY_SECRET`; what is public while it is not set. */
function settingsOf(env: NodeJS.ProcessEnv): WaitingRoomSettings {
  const patientKeySecret = env['PATIENT_KEY_SECRET']?.trim() ?? '';
  return patientKeySecret === '' ? demonstration : { patientKeySecret };
}

/** Why a secret is none that an installation with real patients may have. */
function problemOf(secret: string): string | undefined {
  if (secret === demonstration.patientKeySecret) return 'is not set';
  return secret.length < 32 ? 'is shorter than 32 characters' : undefined;
}

/** The waiting room of a clinic. */
export function waitingRoomApplication(settings: WaitingRoomSettings = demonstration): Application {
  return {
    system: waitingRoom,
    routes: waitingRoomRoutes(settings.patientKeySecret),
    eventsOf,
    access: clinicAccess,
    secrets: [{ setting: 'PATIENT_KEY_SECRET', problem: problemOf(settings.patientKeySecret) }],
    // Built by `npm ci`; see scripts/build-web.ts.
    web: new URL('../../dist/web/waiting-room/', import.meta.url),
    webPaths: [
      '/sign-in',
      '/account',
      '/reception',
      '/kiosk',
      '/triage',
      '/cashier',
      '/room',
      '/supervisor',
      '/display',
      '/v/:token',
      '/visits/:visitId',
      '/analytics',
      '/admin',
      '/flow',
    ],
    live: [
      {
        name: 'waiting-room',
        webSocketPath: '/ws/waiting-room',
        ssePath: '/api/waiting-room/stream',
        views: [
          {
            name: 'queues',
            relation: 'waiting_queue_view',
            positionColumn: 'updated_position',
            columns: [
              'queue_id',
              'queue_name',
              'max_capacity',
              'state',
              'state_reason',
              'paused_until',
              'site_id',
              'ticket_prefix',
              'call_timeout_minutes',
              'triage',
              'cashier',
              'current_patient_count',
              'waiting',
              'waiting_triage',
              'waiting_cashier',
              'at_cashier',
              'payment_pending',
              'waiting_urgent',
              'waiting_high',
              'waiting_medium',
              'waiting_low',
              'called',
              'in_consultation',
              'completed',
              'no_show',
              'cancelled',
              'parked',
              'cancelled_by_payment',
              'cancelled_by_absence',
              'left_unseen',
              'average_wait_ms',
            ],
            filter: { parameter: 'queueId', column: 'queue_id' },
          },
          {
            // Without position_in_queue, which changes for everybody at once: whoever listens orders by rank and arrival.
            name: 'patients',
            relation: 'visits_view',
            positionColumn: 'updated_position',
            columns: [
              'visit_id',
              'queue_id',
              'patient_id',
              'patient_name',
              'ticket',
              'priority',
              'priority_rank',
              'consultation_type',
              'status',
              'room_id',
              'desk_id',
              'payment_attempts',
              'absences',
              'arrived_at',
              'called_at',
              'started_at',
              'checked_out_at',
              'call_order',
              'site_id',
              'status_since',
              'waiting_since',
            ],
            filter: { parameter: 'queueId', column: 'queue_id' },
          },
        ],
      },
      {
        // For everybody in the building: tickets and where they go. Nothing personal, tested in test/http/public.test.ts.
        name: 'public-display',
        webSocketPath: '/ws/public-display',
        ssePath: '/api/public/stream',
        views: [
          {
            name: 'calls',
            relation: 'public_calls_view',
            positionColumn: 'updated_position',
            columns: [
              ...[
                'call_id',
                'site_id',
                'ticket',
                'destination_kind',
                'destination_name',
                'status',
                'called_at',
                'calls',
              ],
            ],
            filter: { parameter: 'siteId', column: 'site_id' },
          },
          {
            // That a line of the site has changed, and nothing about it: whoever shows who is next asks again.
            name: 'lines',
            relation: 'waiting_queue_view',
            positionColumn: 'updated_position',
            columns: ['site_id'],
            filter: { parameter: 'siteId', column: 'site_id' },
          },
        ],
      },
    ],
    grpc: waitingRoomGrpc,
    load: checkIns,
  };
}

export const application: Application = waitingRoomApplication(settingsOf(process.env));
