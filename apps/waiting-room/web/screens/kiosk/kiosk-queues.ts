import { useEffect, useState } from 'preact/hooks';
import { fieldsOf, listOf, text } from '../../data/json.ts';
import { get } from '../../data/rest.ts';

/** A queue that was paused or closed meanwhile is gone within this time; a press before that is refused. */
const betweenReadsMs = 10_000;

export interface KioskQueue {
  readonly queueId: string;
  readonly name: string;
}

/** The queues of a site that take patients in; undefined until they are known. What was known stays while nobody answers. */
export function useKioskQueues(siteId: string): readonly KioskQueue[] | undefined {
  const [queues, setQueues] = useState<readonly KioskQueue[]>();
  useEffect(() => {
    const over = new AbortController();
    let timer = 0;
    const read = async (): Promise<void> => {
      try {
        const { body } = await get(`/api/public/queues?${new URLSearchParams({ siteId })}`, over.signal);
        const open = listOf(body).map(fieldsOf);
        setQueues(open.map((queue) => ({ queueId: text(queue['queueId']), name: text(queue['queueName']) })));
      } catch {
        // Asked again in a moment.
      }
      if (!over.signal.aborted) timer = setTimeout(() => void read(), betweenReadsMs);
    };
    void read();
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, [siteId]);
  return queues;
}
