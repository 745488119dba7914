import { useEffect, useReducer } from 'preact/hooks';
import { currentNotice, onNotice, showNotice } from '../data/notices.ts';
import { useWords } from '../language/language.ts';
import { shellWords } from '../shell/shell-words.ts';

/** Good news goes by itself; a failure stays until it is read, or until something else is said. */
const goneAfterMs = 6_000;

/** Where notices stand; one for the whole page. */
export function NoticeRegion() {
  const words = useWords(shellWords);
  const [, redraw] = useReducer<number, undefined>((times) => times + 1, 0);
  useEffect(() => onNotice(() => redraw(undefined)), []);
  const notice = currentNotice();
  useEffect(() => {
    if (notice?.kind !== 'done') return undefined;
    const timer = setTimeout(() => {
      if (currentNotice() === notice) showNotice(undefined);
    }, goneAfterMs);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div class="notices" role="status">
      {notice !== undefined && (
        <p class="notice" data-kind={notice.kind}>
          <span>{notice.text}</span>
          <button type="button" class="quiet" onClick={() => showNotice(undefined)}>
            {words.dismiss}
          </button>
        </p>
      )}
    </div>
  );
}
