import { hidePassword } from '../../config.ts';
import type { Role } from '../../running-system.ts';

const workOf: { readonly [role in Role]: string } = {
  api: 'answers commands and queries',
  relay: 'carries events from the log on, and keeps the lag ledger',
  projector: 'writes the read models',
};

/** What a process that does not run everything says of itself: its roles, and whom it works with. */
export function whatRuns(
  name: string,
  roles: readonly Role[],
  databases: { readonly eventStoreUrl: string; readonly readModelsUrl: string; readonly embedded?: unknown },
  rabbitmqUrl: string | undefined,
): string[] {
  const width = Math.max(...roles.map((role) => role.length), 'event store'.length);
  const line = (what: string, text: string) => `  ${what.padEnd(width)}   ${text}`;
  return [
    `${name} runs as ${roles.join(' and ')}.`,
    '',
    ...roles.map((role) => line(role, workOf[role])),
    line('event store', hidePassword(databases.eventStoreUrl)),
    line('read models', hidePassword(databases.readModelsUrl)),
    ...(roles.some((role) => role !== 'api') ? [line('broker', brokerOf(roles, rabbitmqUrl))] : []),
    ...(databases.embedded === undefined
      ? []
      : [
          '',
          'The embedded PostgreSQL serves this process alone. For more of them set EVENT_STORE_URL and READ_MODELS_URL.',
        ]),
    '',
  ];
}

/** The broker inside a process reaches no other one: then those in between read the log. */
function brokerOf(roles: readonly Role[], rabbitmqUrl: string | undefined): string {
  if (rabbitmqUrl !== undefined) return hidePassword(rabbitmqUrl);
  const together = roles.includes('relay') && roles.includes('projector');
  return together ? 'inside the process' : 'none: projectors read the log up to where the relay has come';
}
