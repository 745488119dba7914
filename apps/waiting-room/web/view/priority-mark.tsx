import { strings } from '../strings.ts';

const names: ReadonlyMap<string, string> = new Map(Object.entries(strings.priorities));

/** The name of a priority in the reader's language. */
export function priorityName(priority: string): string {
  return names.get(priority) ?? priority;
}

export function PriorityMark({ priority }: { readonly priority: string }) {
  return (
    <span class="priority" data-priority={priority}>
      {priorityName(priority)}
    </span>
  );
}
