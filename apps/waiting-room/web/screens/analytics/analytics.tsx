import { useEffect, useState } from 'preact/hooks';
import { fieldsOf, listOf, text } from '../../data/json.ts';
import { get } from '../../data/rest.ts';
import { clinicWords, named } from '../../language/clinic-words.ts';
import { count } from '../../language/format.ts';
import { useLanguage, useWords } from '../../language/language.ts';
import { shellWords } from '../../shell/shell-words.ts';
import { useSites } from '../../shell/sites.ts';
import { Frame } from '../../view/frame.tsx';
import './analytics.css';
import { csvOf, type Cell } from './csv.ts';
import { GroupSection, useFigures } from './group-section.tsx';
import { dayOf, rangeOf, type Figures, type Summary } from './summary.ts';
import { useSummary } from './use-summary.ts';
import { analyticsWords } from './words.ts';

interface QueueName {
  readonly queueId: string;
  readonly name: string;
  readonly siteId: string;
}

/** How long patients waited and were seen, and who did not come. */
export function Analytics() {
  const words = useWords(analyticsWords);
  const shell = useWords(shellWords);
  const shared = useWords(clinicWords);
  const language = useLanguage();
  const figures = useFigures();
  const { siteId } = useSites();
  const [from, setFrom] = useState(() => dayOf(Date.now()));
  const [to, setTo] = useState(() => dayOf(Date.now()));
  const [chosen, setChosen] = useState('');
  const queues = useQueueNames().filter((queue) => queue.siteId === siteId);
  // A queue of another site is no choice here.
  const queueId = queues.some((queue) => queue.queueId === chosen) ? chosen : '';
  const range = rangeOf(from, to);
  const { summary, problem, connection } = useSummary(range?.from, range?.to, siteId, queueId);
  const said = range === undefined ? words.rangeWrong : problem;
  const several = from !== to;
  const hour = (key: string) =>
    new Date(key).toLocaleString(language, {
      ...(several ? { day: 'numeric', month: 'numeric' } : {}),
      hour: '2-digit',
      minute: '2-digit',
      hour12: false,
    });

  return (
    <Frame title={shell.screens.analytics.title} connection={connection} sites class="analytics">
      <section class="panel" aria-labelledby="range-title">
        <h2 id="range-title">{words.range}</h2>
        <div class="fields">
          <label class="field">
            <span>{words.from}</span>
            <input type="date" name="from" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>{words.to}</span>
            <input type="date" name="to" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>{words.queue}</span>
            <select name="queue" value={queueId} onChange={(event) => setChosen(event.currentTarget.value)}>
              <option value="">{words.allQueues}</option>
              {queues.map((queue) => (
                <option key={queue.queueId} value={queue.queueId}>
                  {queue.name}
                </option>
              ))}
            </select>
          </label>
        </div>
        <p class="problem" role="alert">
          {said}
        </p>
      </section>
      {summary === undefined && said === undefined && <p class="quietly">{shared.loading}</p>}
      {summary !== undefined && range !== undefined && (
        <>
          <section class="panel" aria-labelledby="all-title" data-arrivals={summary.all.arrivals}>
            <div class="section-head">
              <h2 id="all-title">{words.all}</h2>
              <button type="button" onClick={() => download(`${from}-${to}.csv`, csvOf(linesOf(words, summary)))}>
                {words.download}
              </button>
            </div>
            {summary.all.arrivals === 0 && <p class="quietly">{words.nothing}</p>}
            <dl class="totals">
              {[
                [words.arrivals, count(summary.all.arrivals)],
                [words.waitP50, figures.minutes(summary.all.waitP50)],
                [words.waitP90, figures.minutes(summary.all.waitP90)],
                [words.serviceP50, figures.minutes(summary.all.serviceP50)],
                [words.serviceP90, figures.minutes(summary.all.serviceP90)],
                [words.noShowRate, figures.share(summary.all.noShowRate)],
              ].map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </section>
          {summary.all.arrivals > 0 && (
            <>
              <GroupSection id="hours" title={words.hours} groups={summary.hours} label={hour} />
              <GroupSection
                id="priorities"
                title={words.priorities}
                groups={summary.priorities}
                label={(key) => named(shared.priorities, key)}
              />
              <GroupSection id="types" title={words.types} groups={summary.types} label={(key) => key} />
            </>
          )}
        </>
      )}
    </Frame>
  );
}

function useQueueNames(): readonly QueueName[] {
  const [queues, setQueues] = useState<readonly QueueName[]>([]);
  useEffect(() => {
    const over = new AbortController();
    get('/api/waiting-room/queues', over.signal).then(
      ({ body }) =>
        setQueues(
          listOf(body)
            .map(fieldsOf)
            .map((queue) => ({
              queueId: text(queue['queueId']),
              name: text(queue['queueName']),
              siteId: text(queue['siteId']),
            })),
        ),
      // The figures say what is wrong with the server.
      () => undefined,
    );
    return () => over.abort();
  }, []);
  return queues;
}

type Words = (typeof analyticsWords)['en'];

/** Every group, with times in milliseconds and shares from 0 to 1: for programs as well. */
function linesOf(words: Words, { all, hours, priorities, types }: Summary): readonly (readonly Cell[])[] {
  const line = (kind: string, group: Figures): readonly Cell[] => [
    ...[kind, group.key, group.arrivals, group.called, group.completed, group.noShows, group.left, group.noShowRate],
    ...[group.waitP50, group.waitP90, group.serviceP50, group.serviceP90].map((ms) => ms && Math.round(ms)),
  ];
  return [
    [
      ...['', words.group, words.arrivals, words.called, words.completed, words.noShows, words.left, words.noShowRate],
      ...[words.waitP50, words.waitP90, words.serviceP50, words.serviceP90].map((name) => `${name} (ms)`),
    ],
    line(words.all, all),
    ...hours.map((group) => line(words.hours, group)),
    ...priorities.map((group) => line(words.priorities, group)),
    ...types.map((group) => line(words.types, group)),
  ];
}

function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
