import { useEffect } from 'preact/hooks';
import { strings } from '../strings.ts';
import { useSelected, useStore } from './page-context.ts';

/** Good news goes by itself; a failure stays until it is read. */
const goneAfterMs = 6_000;

export function NoticeRegion() {
  const store = useStore();
  const notice = useSelected((state) => state.notice);
  useEffect(() => {
    if (notice?.kind !== 'done') return undefined;
    const timer = setTimeout(() => store.dispatch({ type: 'notice-read', notice }), goneAfterMs);
    return () => clearTimeout(timer);
  }, [notice, store]);
  return (
    <div class="notices" role="status">
      {notice !== undefined && (
        <p class="notice" data-kind={notice.kind}>
          <span>{notice.text}</span>
          <button type="button" class="quiet" onClick={() => store.dispatch({ type: 'notice-read', notice })}>
            {strings.dismiss}
          </button>
        </p>
      )}
    </div>
  );
}
