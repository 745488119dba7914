import { errorForLog } from './error-for-log.ts';
import type { LogComponent, LogOverrides, WriteLog } from './log-events.ts';
import { errorValues } from './log-writer.ts';

/** Parts as they report their failures, by how their names begin. */
const parts: readonly { readonly begins: string; readonly component: LogComponent }[] = [
  { begins: 'relay', component: 'OutboxWorker' },
  { begins: 'ledger', component: 'Ledger' },
  { begins: 'broker', component: 'Broker' },
  { begins: 'consumer ', component: 'ProjectionWorker' },
  { begins: 'old build', component: 'ProjectionWorker' },
  { begins: 'operations', component: 'Operations' },
  { begins: 'timers', component: 'Timers' },
  { begins: 'command keys', component: 'Commands' },
];

/** A part that fails and tries again says the same thing once in so many milliseconds. */
const sayAgainMs = 10_000;

/** Makes the function to which one part of a process reports its failures. A part's name is one of ours. */
export function reportParts(log: WriteLog): (part: string) => (error: unknown) => void {
  return (part) => {
    const component = parts.find(({ begins }) => part.startsWith(begins))?.component ?? componentOfPool(part);
    const overrides: LogOverrides = { component };
    const [, id] = part.split(' ');
    const about = {
      Part: part,
      ...(component === 'ProjectionWorker' ? { EventType: 'ProjectionError' } : {}),
      ...(part.startsWith('consumer ') ? { Projection: id } : {}),
      ...(component === 'Timers' ? { Timers: id } : {}),
    };
    let last = '';
    let until = 0;
    return (error) => {
      const values = errorValues(errorForLog(error));
      const now = performance.now();
      const said = `${values.ErrorType} ${values.Code ?? ''} ${values.Exception}`;
      if (said === last && now < until) return;
      last = said;
      until = now + sayAgainMs;
      log('partFailed', { ...about, ...values }, overrides);
    };
  };
}

function componentOfPool(name: string): LogComponent {
  return name.endsWith('read models') ? 'ReadModels' : 'EventStore';
}
