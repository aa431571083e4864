// A list that draws only the rows in sight. All rows have one height, from the CSS variable --row of the
// list. It can follow its end, until a person scrolls up.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const SPARE = 12;

export function VirtualList<T>({ items, keyOf, draw, label, follow, onFollow, onTop, onEnd, reveal = null, class: extra = "" }: {
  items: readonly T[];
  keyOf: (item: T) => string;
  draw: (item: T) => ComponentChildren;
  label: string;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  /** The first row came in sight. */
  onTop?: () => void;
  /** The last row came in sight. */
  onEnd?: () => void;
  /** The row that is brought in sight when it is first there. */
  reveal?: string | null;
  class?: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLOListElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 400, row: 28 });
  const size = useRef({ clientHeight: 0, scrollHeight: 0 });
  const firstKey = items[0] === undefined ? "" : keyOf(items[0]);
  const before = useRef({ firstKey, count: items.length });

  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => {
      const row = parseFloat(getComputedStyle(element).getPropertyValue("--row")) || 28;
      setSeen((old) => ({ ...old, height: element.clientHeight, row }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const total = items.length * seen.row;
  useLayoutEffect(() => {
    const element = box.current!;
    body.current!.style.setProperty("height", `${total}px`);
    // rows were put before the first one: stay where one was looking
    if (before.current.firstKey !== firstKey && before.current.count > 0 && items.length > before.current.count && !follow) {
      const added = items.findIndex((item) => keyOf(item) === before.current.firstKey);
      if (added > 0) element.scrollTop += added * seen.row;
    }
    before.current = { firstKey, count: items.length };
    if (follow) element.scrollTop = total;
  }, [total, follow, firstKey, seen.height]);

  const revealed = useRef<string | null>(null);
  useLayoutEffect(() => {
    const wanted = `${reveal} ${seen.row}`; // the first measure of a row may be a guess
    if (reveal === null || revealed.current === wanted) return;
    const index = items.findIndex((item) => keyOf(item) === reveal);
    if (index < 0) return;
    revealed.current = wanted;
    box.current!.scrollTop = index * seen.row - (box.current!.clientHeight - seen.row) / 2;
  }, [reveal, items, seen.row]);

  const onScroll = () => {
    const { scrollTop, clientHeight, scrollHeight } = box.current!;
    setSeen((old) => (old.top === scrollTop ? old : { ...old, top: scrollTop }));
    const atEnd = scrollTop + clientHeight >= scrollHeight - seen.row;
    // a box that changed its size scrolls by itself; only a person turns following off
    const { clientHeight: height, scrollHeight: full } = size.current;
    size.current = { clientHeight, scrollHeight };
    const resized = height !== clientHeight || full !== scrollHeight;
    if (atEnd !== follow && (atEnd || (!resized && scrollTop < seen.top))) onFollow(atEnd);
  };

  const from = Math.max(0, Math.floor(seen.top / seen.row) - SPARE);
  const to = Math.min(items.length, Math.ceil((seen.top + seen.height) / seen.row) + SPARE);
  const atTop = seen.top < seen.row && items.length > 0;
  const atEnd = onEnd !== undefined && to === items.length && items.length > 0;
  useEffect(() => {
    if (atEnd) onEnd();
  }, [atEnd, items.length]);
  useEffect(() => {
    if (atTop && !follow) onTop?.();
  }, [atTop, follow]);

  return (
    <div ref={box} class={`virtual ${extra}`} tabIndex={0} role="log" aria-live="off" aria-label={label} onScroll={onScroll}>
      <ol ref={body}>
        {items.slice(from, to).map((item, index) => (
          <Row key={keyOf(item)} top={(from + index) * seen.row} position={from + index + 1} count={items.length}>{draw(item)}</Row>
        ))}
      </ol>
    </div>
  );
}

function Row({ top, position, count, children }: { top: number; position: number; count: number; children: ComponentChildren }) {
  const row = useRef<HTMLLIElement>(null);
  useLayoutEffect(() => row.current!.style.setProperty("top", `${top}px`), [top]);
  return <li ref={row} aria-posinset={position} aria-setsize={count}>{children}</li>;
}
