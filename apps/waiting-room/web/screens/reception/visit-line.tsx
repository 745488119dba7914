import { Component } from 'preact';
import { clinicWords, named } from '../../language/clinic-words.ts';
import { currentLanguage, wordsOf, type Language } from '../../language/language.ts';
import type { VisitRow } from '../../model/rows.ts';
import { isWalkIn } from '../../model/selections.ts';
import { PriorityMark } from '../../view/priority-mark.tsx';
import { Elapsed } from '../../view/ticking.tsx';
import { receptionWords } from './words.ts';

interface VisitLineProps {
  readonly visit: VisitRow;
  readonly queueName: string;
  readonly onOpen: (visitId: string) => void;
}

/** One patient in the list. Drawn again only when something of the line changed: most stand still while others come. */
export class VisitLine extends Component<VisitLineProps> {
  #drawn: Language | undefined;

  override shouldComponentUpdate(next: VisitLineProps): boolean {
    const { visit, queueName } = this.props;
    return next.visit !== visit || next.queueName !== queueName || this.#drawn !== currentLanguage();
  }

  override render({ visit, queueName, onOpen }: VisitLineProps) {
    this.#drawn = currentLanguage();
    const words = wordsOf(receptionWords);
    const shared = wordsOf(clinicWords);
    return (
      <li data-visit={visit.visitId} data-status={visit.status}>
        <span class="ticket">{visit.ticket}</span>
        <span class="about">
          <span class="name">{visit.name ?? shared.unnamed}</span>
          <PriorityMark priority={visit.priority} />
          <span class="quietly">
            {[queueName, named(shared.statuses, visit.status), isWalkIn(visit) ? words.walkIn : '']
              .filter((told) => told !== '')
              .join(', ')}
          </span>
        </span>
        <Elapsed since={visit.arrivedAt} />
        <button
          type="button"
          class="quiet"
          aria-label={words.actionsOf(visit.ticket)}
          aria-haspopup="dialog"
          onClick={() => onOpen(visit.visitId)}
        >
          {words.actions}
        </button>
      </li>
    );
  }
}
