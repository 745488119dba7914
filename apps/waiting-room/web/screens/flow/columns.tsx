import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** In units of the page's text size. */
const narrowestColumn = 20;

/**
 * Cards of any height in columns, dealt out in turn. A card keeps its column whatever the others do, as nothing must
 * jump while people read.
 */
export function Columns({ children }: { readonly children: readonly VNode[] }) {
  const element = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(1);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return undefined;
    const measure = () => {
      const textSize = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      setColumns(Math.max(1, Math.floor(current.clientWidth / (narrowestColumn * textSize))));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  const used = Math.max(1, Math.min(columns, children.length));
  return (
    <div class="cards" ref={element}>
      {Array.from({ length: used }, (_, column) => (
        <div key={column} class="cards-column">
          {children.filter((_card, index) => index % used === column)}
        </div>
      ))}
    </div>
  );
}
