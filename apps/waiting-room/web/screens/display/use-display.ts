import { useEffect, useRef, useState } from 'preact/hooks';
import { Announcer } from '../../data/announcer.ts';
import { emptyDisplay, followDisplay, type DisplaySession, type DisplayState } from '../../data/display-session.ts';
import { currentLanguage, wordsOf } from '../../language/language.ts';
import { spelled, type CallRow } from '../../model/calls.ts';
import { displayWords, placeName } from './words.ts';

/** A caption stands at least so long, also when nothing is heard. */
const captionMs = 6_000;

export interface Display extends DisplayState {
  /** The call that is being said. */
  readonly saying: CallRow | undefined;
  readonly audible: boolean;
  readonly unlock: () => void;
}

/** The calls of a site; new ones are said one after the other. */
export function useDisplay(siteId: string, muted: boolean): Display {
  const [state, setState] = useState<DisplayState>(emptyDisplay);
  const [saying, setSaying] = useState<CallRow>();
  const [audible, setAudible] = useState(false);
  const session = useRef<DisplaySession | undefined>(undefined);
  const announcer = useRef<Announcer | undefined>(undefined);
  const silent = useRef(muted);
  silent.current = muted;

  useEffect(() => {
    const begun = new Announcer();
    announcer.current = begun;
    const look = () => setAudible(begun.audible);
    const leave = begun.onChange(look);
    look();
    return () => {
      leave();
      begun.stop();
    };
  }, []);

  useEffect(() => {
    setState(emptyDisplay);
    const begun = followDisplay(siteId, setState);
    session.current = begun;
    return () => begun.stop();
  }, [siteId]);

  const [first] = state.board.toSay;
  useEffect(() => {
    if (saying !== undefined || first === undefined) return;
    setSaying(first);
    const words = wordsOf(displayWords);
    const text = words.spoken(spelled(first.ticket), placeName(words, first.kind, first.place));
    const shown = new Promise((resolve) => setTimeout(resolve, captionMs));
    const spoken = silent.current ? undefined : announcer.current?.say(text, currentLanguage());
    void Promise.all([shown, spoken]).then(() => {
      session.current?.said(first);
      setSaying(undefined);
    });
  }, [first, saying]);

  const unlock = () => void announcer.current?.unlock().then(setAudible);
  return { ...state, saying, audible, unlock };
}

/** Keeps the screen of a display lit, where the browser can. */
export function useLitScreen(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let gone = false;
    const ask = () => {
      if (document.hidden || !('wakeLock' in navigator)) return;
      navigator.wakeLock.request('screen').then(
        (held) => {
          lock = held;
          if (gone) void held.release();
        },
        // Some power savers refuse; the display shows all the same.
        () => undefined,
      );
    };
    ask();
    document.addEventListener('visibilitychange', ask);
    return () => {
      gone = true;
      document.removeEventListener('visibilitychange', ask);
      void lock?.release();
    };
  }, []);
}
