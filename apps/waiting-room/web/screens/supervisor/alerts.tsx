import { age, count } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import type { Alert } from '../../model/supervision.ts';
import { supervisorWords } from './words.ts';

/** What needs a look. Told to a screen reader when it changes; the times in it are no change. */
export function Alerts({ alerts, now }: { readonly alerts: readonly Alert[]; readonly now: number }) {
  const words = useWords(supervisorWords);
  const textOf = (alert: Alert): string => {
    switch (alert.kind) {
      case 'overdue':
        return alert.urgent > 0
          ? `${words.alert.overdue(alert.queue.name, count(alert.count))}. ${words.alert.urgent(alert.queue.name, count(alert.urgent))}`
          : words.alert.overdue(alert.queue.name, count(alert.count));
      case 'full':
        return words.alert.full(alert.queue.name);
      case 'paused':
        return words.alert.paused(alert.queue.name, count(alert.count));
      case 'no-room':
        return words.alert.noRoom(count(alert.count));
      case 'no-desk':
        return words.alert.noDesk(count(alert.count));
      case 'called-long':
        return words.alert.calledLong(alert.visit.ticket, age(now - alert.since));
    }
  };
  return (
    <section class="panel alerts" aria-labelledby="alerts-title">
      <h2 id="alerts-title">{words.alerts}</h2>
      {alerts.length === 0 && <p class="quietly">{words.allWell}</p>}
      <ul>
        {alerts.map((alert) => (
          <li key={`${alert.kind} ${subjectOf(alert)}`} class="warning" data-alert={alert.kind}>
            {textOf(alert)}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Tells the alerts of one kind apart. */
function subjectOf(alert: Alert): string {
  if ('visit' in alert) return alert.visit.visitId;
  return 'queue' in alert ? alert.queue.queueId : '';
}
