import { useEffect, useReducer } from 'preact/hooks';

/** The languages of the screens. Another one is another member here and in every catalogue: the types ask for it. */
export const languages = ['en', 'es'] as const;

export type Language = (typeof languages)[number];

/** Every word of one screen, in every language. */
export type Catalogue<Words> = { readonly [Name in Language]: Words };

const kept = 'millrace-language';
const listeners = new Set<() => void>();
let current: Language = 'en';

function known(text: string | null): Language | undefined {
  return languages.find((language) => language === text?.slice(0, 2).toLowerCase());
}

/** What the address asks for (`?lang=es`), else what was chosen here before, else what the browser prefers. */
export function chooseLanguage(asked: string | null): void {
  const preferred = navigator.languages.map(known).find((language) => language !== undefined);
  set(known(asked) ?? known(localStorage.getItem(kept)) ?? preferred ?? 'en');
}

/** Changes the language of everything that is shown, and remembers it. */
export function switchLanguage(language: Language): void {
  localStorage.setItem(kept, language);
  set(language);
}

function set(language: Language): void {
  current = language;
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

export function currentLanguage(): Language {
  return current;
}

/** The words of a catalogue in the reader's language, at this moment. Views use {@link useWords}. */
export function wordsOf<Words>(catalogue: Catalogue<Words>): Words {
  return catalogue[current];
}

/** Calls back whenever the language changed, until the returned function is called. */
export function onLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** The words of a catalogue; the component is drawn again when the reader chooses another language. */
export function useWords<Words>(catalogue: Catalogue<Words>): Words {
  useLanguage();
  return wordsOf(catalogue);
}

export function useLanguage(): Language {
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0);
  useEffect(() => onLanguage(() => redraw(undefined)), []);
  return current;
}
