import { useEffect, useState } from 'preact/hooks';
import { fieldsOf } from '../../data/json.ts';
import { visitsOf } from '../../data/read-lists.ts';
import { newKey, post } from '../../data/rest.ts';
import { clinicWords, named } from '../../language/clinic-words.ts';
import { useWords } from '../../language/language.ts';
import type { Clinic } from '../../model/clinic.ts';
import type { VisitRow } from '../../model/rows.ts';
import { lookAlikes } from '../../model/selections.ts';
import { receptionWords } from './words.ts';

/** The server is asked when nothing was typed for so long. */
const settledMs = 400;
/** Shorter names say nothing about who it is. */
const shortestName = 3;
const mostShown = 3;

interface LooksLikeProps {
  readonly clinic: Clinic;
  readonly patientName: string;
  readonly patientId: string;
}

/** Warns before the same person is checked in twice. */
export function LooksLike({ clinic, patientName, patientId }: LooksLikeProps) {
  const words = useWords(receptionWords);
  const shared = useWords(clinicWords);
  const [found, setFound] = useState<readonly VisitRow[]>([]);
  const asks = patientId.trim() !== '' || patientName.trim().length >= shortestName;

  useEffect(() => {
    setFound([]);
    if (!asks) return undefined;
    let over = false;
    const timer = setTimeout(() => {
      const body = {
        ...(patientId.trim() === '' ? {} : { patientId: patientId.trim() }),
        ...(patientName.trim().length < shortestName ? {} : { patientName: patientName.trim() }),
      };
      // In the body, so that no name stands in an address. Without an answer there are those on the screen.
      post('/api/waiting-room/find-patients', body, newKey()).then(
        (answer) => {
          if (!over) setFound(visitsOf(fieldsOf(answer)['patients']));
        },
        () => undefined,
      );
    }, settledMs);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [asks, patientName, patientId]);

  const known = asks ? lookAlikes(clinic, { patientName, patientId }) : [];
  const all = [...new Map([...known, ...found].map((visit) => [visit.visitId, visit])).values()];
  return (
    <div class="looks-like" role="status">
      {all.length > 0 && (
        <div class="warning">
          <p>
            <strong>{words.looksLike}</strong>
          </p>
          <ul>
            {all.slice(0, mostShown).map((visit) => (
              <li key={visit.visitId}>
                <span class="ticket">{visit.ticket}</span> {visit.name ?? shared.unnamed}{' '}
                <span class="quietly">
                  {visit.patientId}, {named(shared.statuses, visit.status)}
                </span>
              </li>
            ))}
          </ul>
          <p class="quietly">{words.looksLikeHint}</p>
        </div>
      )}
    </div>
  );
}
