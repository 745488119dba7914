import { clinicWords, named } from '../../language/clinic-words.ts';
import { clock, count, timeOfDay } from '../../language/format.ts';
import { useWords } from '../../language/language.ts';
import type { QueueRow } from '../../model/rows.ts';
import { QueueActions } from './queue-actions.tsx';
import { supervisorWords } from './words.ts';
import '../../view/stacked-table.css';

/** The queues of a site with their counts. On a phone each is a card; the table's words stand beside the figures. */
export function QueueTable({ queues }: { readonly queues: readonly QueueRow[] }) {
  const words = useWords(supervisorWords);
  const shared = useWords(clinicWords);
  const columns = [
    [words.triage, (queue: QueueRow) => count(queue.waitingTriage)],
    [words.cashier, (queue: QueueRow) => count(queue.waitingCashier)],
    [words.consultation, (queue: QueueRow) => count(queue.waiting)],
    [words.inside, (queue: QueueRow) => count(queue.called + queue.inConsultation + queue.atCashier)],
    [words.done, (queue: QueueRow) => count(queue.completed)],
    [words.averageWait, (queue: QueueRow) => (queue.averageWaitMs === null ? '–' : clock(queue.averageWaitMs))],
  ] as const;
  return (
    <section class="panel" aria-labelledby="queues-title">
      <h2 id="queues-title">{words.queues}</h2>
      {queues.length === 0 && <p class="quietly">{words.noQueues}</p>}
      {queues.length > 0 && (
        <table class="stacked-table queue-table">
          <thead>
            <tr>
              <th scope="col">{words.queue}</th>
              <th scope="col">{words.state}</th>
              {columns.map(([title]) => (
                <th key={title} scope="col" class="figure">
                  {title}
                </th>
              ))}
              <th scope="col">{words.actions}</th>
            </tr>
          </thead>
          <tbody>
            {queues.map((queue) => (
              <tr key={queue.queueId} data-queue={queue.queueId} data-state={queue.state}>
                <th scope="row">{queue.name}</th>
                <td data-title={words.state}>
                  <span class="queue-state" data-state={queue.state}>
                    {named(shared.queueStates, queue.state)}
                  </span>
                  {queue.pausedUntil !== null && <small> {words.until(timeOfDay(queue.pausedUntil))}</small>}
                  {queue.stateReason !== null && <small class="state-reason">{queue.stateReason}</small>}
                </td>
                {columns.map(([title, figure]) => (
                  <td key={title} class="figure" data-title={title}>
                    {figure(queue)}
                  </td>
                ))}
                <td>
                  <QueueActions queue={queue} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
