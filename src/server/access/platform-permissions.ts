import type { PlatformPermissions } from '../../access/policy.ts';

/**
 * Who may use the platform's own routes. Events, dead letters and refused events carry what was recorded, names included:
 * they are for who runs the platform.
 */
export const platformPermissions: PlatformPermissions = {
  // Load balancers and monitoring ask without an account. They hear of parts and figures, of nothing that was recorded.
  'GET /health': 'public',
  'GET /health/live': 'public',
  'GET /health/ready': 'public',
  'GET /health/startup': 'public',
  'GET /metrics': 'public',

  // Figures, ids and names of event types: enough to watch the way of an event, and nothing about anybody.
  'GET /api/metrics/lag': 'observers',
  'GET /api/metrics/lag/slowest': 'observers',
  'GET /api/metrics/lag/recent': 'observers',
  'GET /api/metrics/lag/:eventId': 'observers',
  'GET /api/projections/health': 'observers',
  'GET /api/projections/:id/checkpoint': 'observers',
  'GET /api/outbox/pending': 'operators',
  'GET /api/events/:id': 'operators',
  'GET /api/log': 'operators',
  'GET /api/operations': 'operators',
  'GET /api/archive': 'operators',
  'POST /api/archive/pause': 'operators',
  'POST /api/archive/resume': 'operators',
  'GET /api/projections/rebuild': 'operators',
  'POST /api/projections/rebuild': 'operators',
  'GET /api/projections/:id/rebuild': 'operators',
  'GET /api/projections/:id/rebuild/stream': 'operators',
  'POST /api/projections/:id/rebuild/:action': 'operators',
  'GET /api/dead-letters': 'operators',
  'GET /api/dead-letters/:id': 'operators',
  'POST /api/dead-letters/:id/retry': 'operators',
  'POST /api/dead-letters/:id/discard': 'operators',
  'POST /api/dead-letters/retry-all': 'operators',
  'GET /api/dead-letters/relay': 'operators',
  'GET /api/dead-letters/relay/:id': 'operators',
  'POST /api/dead-letters/relay/:id/retry': 'operators',
  'POST /api/dead-letters/relay/:id/discard': 'operators',
  'POST /api/dead-letters/relay/retry-all': 'operators',

  'POST /api/auth/sign-in': 'public',
  'POST /api/auth/sign-out': 'public',
  'POST /api/auth/token': 'public',
  'GET /api/auth/me': 'public',
  'POST /api/auth/live-ticket': 'signed-in',
  'POST /api/auth/password': 'signed-in',
  'GET /api/auth/oidc/start': 'public',
  'GET /api/auth/oidc/callback': 'public',

  'GET /api/access/accounts': 'administrators',
  'POST /api/access/accounts': 'administrators',
  'PUT /api/access/accounts/:accountId': 'administrators',
  'GET /api/access/api-keys': 'administrators',
  'POST /api/access/api-keys': 'administrators',
  'DELETE /api/access/api-keys/:keyId': 'administrators',
  'GET /api/access/changes': 'administrators',
};
