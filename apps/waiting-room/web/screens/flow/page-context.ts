import { createContext } from 'preact';
import { useContext, useEffect, useReducer, useRef } from 'preact/hooks';
import type { Commands } from './commands.ts';
import type { FlowStore, PageState } from './page-state.ts';

export interface PageParts {
  readonly store: FlowStore;
  readonly commands: Commands;
}

export const PageContext = createContext<PageParts | undefined>(undefined);

function usePage(): PageParts {
  const parts = useContext(PageContext);
  if (parts === undefined) throw new Error('The view stands outside of its page.');
  return parts;
}

export function useCommands(): Commands {
  return usePage().commands;
}

export function useStore(): FlowStore {
  return usePage().store;
}

/** A part of the state; the component is drawn again when that part became another one. */
export function useSelected<Part>(select: (state: PageState) => Part): Part {
  const { store } = usePage();
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0);
  const selected = select(store.state);
  const drawn = useRef({ select, selected });
  drawn.current = { select, selected };
  useEffect(() => {
    const look = () => {
      if (drawn.current.select(store.state) !== drawn.current.selected) redraw(undefined);
    };
    // Something may have changed between drawing and now.
    look();
    return store.subscribe(look);
  }, [store]);
  return selected;
}
