import { clinicWords, named } from '../language/clinic-words.ts';
import { useWords, wordsOf } from '../language/language.ts';

/** The name of a priority in the reader's language. */
export function priorityName(priority: string): string {
  return named(wordsOf(clinicWords).priorities, priority);
}

/** Told by word and frame, and by colour beside them. */
export function PriorityMark({ priority }: { readonly priority: string }) {
  const words = useWords(clinicWords);
  return (
    <span class="priority" data-priority={priority}>
      {named(words.priorities, priority)}
    </span>
  );
}
