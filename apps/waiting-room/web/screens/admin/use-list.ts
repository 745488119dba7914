import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { fieldsOf, listOf, type JsonFields } from '../../data/json.ts';
import { get, RequestFailure } from '../../data/rest.ts';

/** Read again so long after it failed. */
const againMs = 3_000;

export interface List {
  /** Undefined until they are there. */
  readonly rows: readonly JsonFields[] | undefined;
  readonly problem: string | undefined;
  /** Reads them anew, with everything up to a position of the log. */
  readonly refresh: (position?: number) => Promise<void>;
}

/** A list of the API: of the answer itself, or of the property that holds it. Read again until it can be read. */
export function useList(path: string, property?: string): List {
  const [state, setState] = useState<Pick<List, 'rows' | 'problem'>>({ rows: undefined, problem: undefined });
  const life = useRef<AbortController | undefined>(undefined);
  const timer = useRef(0);

  const refresh = useCallback(
    async (position = 0): Promise<void> => {
      const signal = life.current?.signal;
      if (signal === undefined || signal.aborted) return;
      clearTimeout(timer.current);
      try {
        const { body } = await get(position > 0 ? `${path}?minPosition=${position}` : path, signal);
        const rows = listOf(property === undefined ? body : fieldsOf(body)[property]).map(fieldsOf);
        if (!signal.aborted) setState({ rows, problem: undefined });
      } catch (error) {
        if (signal.aborted) return;
        const problem = error instanceof RequestFailure ? error.message : String(error);
        setState((before) => ({ ...before, problem }));
        timer.current = setTimeout(() => void refresh(position), againMs);
      }
    },
    [path, property],
  );

  useEffect(() => {
    const controller = new AbortController();
    life.current = controller;
    void refresh();
    return () => {
      controller.abort();
      clearTimeout(timer.current);
    };
  }, [refresh]);
  return { ...state, refresh };
}
