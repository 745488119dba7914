import { isLoopback, type Settings } from '../../config.ts';
import { MillraceError, type FieldProblem } from '../../errors.ts';
import { accessSettingsFor, type AccessSettings } from '../../server/access/access-settings.ts';
import type { Application } from '../../server/application.ts';

/** How the server knows who sends a request, by the settings. Throws SETTING_INVALID. */
export function accessFrom(settings: Settings): AccessSettings {
  const { host, port, access, oidc, publicUrl } = settings;
  const { mode } = accessSettingsFor(host);
  const base = {
    mode: access.mode ?? mode,
    thisMachineOnly: access.mode === undefined && mode === 'demo',
    times: { idleMs: access.idleMs, lifetimeMs: access.lifetimeMs },
  };
  if (oidc === undefined) return base;
  if (publicUrl === undefined && !isLoopback(host)) {
    const problem = 'is missing: OIDC_ISSUER is set, and the provider has to know where to send browsers back to';
    throw new MillraceError('SETTING_INVALID', `PUBLIC_URL ${problem}.`, {
      fields: [{ field: 'PUBLIC_URL', problem }],
    });
  }
  return { ...base, provider: { ...oidc, publicUrl: publicUrl ?? `http://${host}:${port}` } };
}

/**
 * A demonstration on this machine may run with secrets that everybody knows; nothing else may. Throws SECRETS_MISSING
 * naming the settings.
 */
export function checkSecrets({ secrets = [] }: Application, settings: Settings): void {
  if (accessFrom(settings).mode === 'demo' && isLoopback(settings.host)) return;
  const fields: FieldProblem[] = secrets.flatMap(({ setting, problem }) =>
    problem === undefined ? [] : [{ field: setting, problem }],
  );
  if (fields.length === 0) return;
  const lines = fields.map(({ field, problem }) => `${field} ${problem}.`);
  throw new MillraceError(
    'SECRETS_MISSING',
    `${lines.join('\n')} An installation that others reach, or with ACCESS_MODE=required, needs a secret of its own.`,
    { fields },
  );
}

/** What somebody should know who starts a server that lets everybody in although others reach it. */
export function openDoors(application: Application, settings: Settings): string[] {
  if (isLoopback(settings.host)) return [];
  if (application.access === undefined) {
    return ['Whoever reaches this server may do everything: the application does not say who may.'];
  }
  return accessFrom(settings).mode === 'demo'
    ? ['Whoever reaches this server may do everything: ACCESS_MODE=demo is for demonstrations.']
    : [];
}
