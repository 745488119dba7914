import { useEffect, useRef, useState } from 'preact/hooks';
import { tellNews } from '../../data/phone-news.ts';
import { followVisit } from '../../data/visit-page.ts';
import { wordsOf } from '../../language/language.ts';
import type { Connection } from '../../model/connection.ts';
import { newsOf, type VisitPage } from '../../model/visit-page.ts';
import { goText, patientWords } from './words.ts';

export interface FollowedVisit {
  readonly page: VisitPage | undefined;
  readonly connection: Connection;
  readonly unknown: boolean;
  readonly again: () => void;
}

/** The visit behind a link, as the server knows it, and told aloud when the patient has to do something. */
export function useVisitPage(token: string): FollowedVisit {
  const [page, setPage] = useState<VisitPage>();
  const [connection, setConnection] = useState<Connection>({ open: false, heardAt: undefined });
  const [unknown, setUnknown] = useState(false);
  const [tries, setTries] = useState(0);
  const before = useRef<VisitPage | undefined>(undefined);
  useEffect(() => {
    setUnknown(false);
    return followVisit(token, {
      shown: (next) => {
        const news = newsOf(before.current, next);
        before.current = next;
        setPage(next);
        setConnection({ open: true, heardAt: Date.now() });
        const words = wordsOf(patientWords);
        if (news === 'go') tellNews(next.ticket, goText(words, next));
        if (news === 'next') tellNews(next.ticket, words.next);
      },
      lost: () => setConnection((known) => ({ ...known, open: false })),
      unknown: () => setUnknown(true),
    });
  }, [token, tries]);
  return { page, connection, unknown, again: () => setTries((times) => times + 1) };
}
