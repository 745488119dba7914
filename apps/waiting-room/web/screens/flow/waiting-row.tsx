import { Component } from 'preact';
import type { VisitRow } from '../../model/rows.ts';
import { clinicWords } from '../../language/clinic-words.ts';
import { wordsOf } from '../../language/language.ts';
import { strings } from './strings.ts';
import { PriorityMark } from '../../view/priority-mark.tsx';
import { Elapsed } from '../../view/ticking.tsx';

interface WaitingRowProps {
  readonly visit: VisitRow;
  readonly place: number;
  readonly showName: boolean;
}

/** Somebody who waits. Drawn again only when the row or its place changed: hundreds of them stand still while others come. */
export class WaitingRow extends Component<WaitingRowProps> {
  override shouldComponentUpdate(next: WaitingRowProps): boolean {
    const { visit, place, showName } = this.props;
    return next.visit !== visit || next.place !== place || next.showName !== showName;
  }

  override render({ visit, place, showName }: WaitingRowProps) {
    return (
      <li data-visit={visit.visitId}>
        <span class="place" aria-label={strings.place(place)}>
          {place}
        </span>
        <span class="ticket">{visit.ticket}</span>
        <span class="about">
          {showName && <span class="name">{visit.name ?? wordsOf(clinicWords).unnamed}</span>}
          <PriorityMark priority={visit.priority} />
          <span class="type">{visit.consultationType}</span>
        </span>
        <Elapsed since={visit.arrivedAt} />
      </li>
    );
  }
}
