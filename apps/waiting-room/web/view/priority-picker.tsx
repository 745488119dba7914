import { clinicWords } from '../language/clinic-words.ts';
import { useWords } from '../language/language.ts';

export const priorities = ['Urgent', 'High', 'Medium', 'Low'] as const;

interface PriorityPickerProps {
  /** Tells the groups of a page apart. */
  readonly name: string;
  readonly legend: string;
  readonly value: string;
  readonly onChange: (priority: string) => void;
}

/** Chooses a priority, told by word, mark and colour. The arrow keys walk through them. */
export function PriorityPicker({ name, legend, value, onChange }: PriorityPickerProps) {
  const words = useWords(clinicWords);
  return (
    <fieldset class="priorities">
      <legend>{legend}</legend>
      {priorities.map((priority) => (
        <label key={priority} class="priority-choice" data-priority={priority}>
          <input
            type="radio"
            name={name}
            value={priority}
            checked={priority === value}
            onChange={() => onChange(priority)}
          />
          <span>{words.priorities[priority]}</span>
        </label>
      ))}
    </fieldset>
  );
}
