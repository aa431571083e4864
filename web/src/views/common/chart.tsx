// A chart of values over time: one sentence that says it all, the picture, where the cursor stands, and every value as a
// table. The picture's code comes when the first chart is shown; until then, and without it, a small line stands there.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { formatTime, formatTick, zoneName } from "../../lib/format";
import { now, zone } from "../../state/store";
import type { Plot, PlotData, PlotPoint } from "./plot";
import { Time } from "./parts";
import { Spark } from "./spark";

export type ChartPoint = PlotPoint & {
  /** For the table's last column. */
  word?: string;
};

export interface ChartProps extends Omit<PlotData, "points" | "marks"> {
  points: readonly ChartPoint[];
  marks?: PlotData["marks"];
  /** What is measured: "error_rate". */
  name: string;
  /** All of it in one sentence. */
  summary: string;
  valueOf: (value: number) => string;
  /** Head of the table's last column, which shows each point's word; none without. */
  wordHead?: string;
  /** Without axes and table, for beside other things. */
  small?: boolean;
}

/** Where a key moves the cursor, from index at of count points. */
function moved(key: string, at: number, count: number): number | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -count, End: count };
  const step = steps[key];
  return step === undefined ? null : Math.max(0, Math.min(count - 1, at + step));
}

function Values({ points, name, valueOf, wordHead }: Pick<ChartProps, "points" | "name" | "valueOf" | "wordHead">) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Show data table<span class="hidden"> of {name}</span></summary>
      {open && (
        <div class="scroll" tabIndex={0} role="group" aria-label={`Values of ${name}`}>
          <table>
            <thead><tr><th scope="col">Time</th><th scope="col">Value</th>{wordHead && <th scope="col">{wordHead}</th>}</tr></thead>
            <tbody>
              {points.toReversed().map(({ at, value, word }) => (
                <tr key={at}>
                  <td><Time at={new Date(at).toISOString()} /></td>
                  <td class="num">{value === null ? "no data" : valueOf(value)}</td>
                  {wordHead && <td>{word}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

export function Chart({ points, limit, marks = [], name, summary, valueOf, wordHead, small = false }: ChartProps): ComponentChildren {
  const box = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<Plot | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const data = { points, limit, marks };
  const latest = useRef(data);
  latest.current = data;
  const enough = points.length > 1;
  useEffect(() => {
    if (!enough) return undefined;
    let made: Plot | null = null;
    let left = false;
    import("./plot").then((code) => {
      if (left || !box.current) return;
      const timeOf = (ms: number, span: number) => formatTick(ms, zone.peek(), span);
      setPlot((made = new code.Plot(box.current, latest.current, { small, timeOf, onCursor: setCursor })));
    }, () => undefined); // the small line stays
    return () => {
      left = true;
      made?.destroy();
      setPlot(null);
    };
  }, [enough, small]);
  useEffect(() => plot?.put(latest.current), [plot, points, limit, marks.length]);
  const inZone = zone.value;
  useEffect(() => plot?.redraw(), [plot, inZone]);

  const at = cursor === null ? undefined : points[cursor];
  const said = at && `${formatTime(new Date(at.at).toISOString(), inZone, now.peek())}: ${at.value === null ? "no data" : valueOf(at.value)}${at.word ? `, ${at.word}` : ""}`;
  const onKey = (event: KeyboardEvent) => {
    const to = moved(event.key, cursor ?? points.length, points.length);
    if (to === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    plot?.cursor(to);
    setCursor(to);
  };
  return (
    <figure class={`chart${small ? " small-chart" : ""}`}>
      <figcaption class={small ? "hidden" : "soft small"}>{summary}</figcaption>
      {enough && (
        <div class="plot" ref={box} tabIndex={0} role="slider" aria-label={`Values of ${name} over time`} aria-valuemin={1}
          aria-valuemax={points.length} aria-valuenow={(cursor ?? points.length - 1) + 1} aria-valuetext={said ?? summary}
          onKeyDown={onKey} onBlur={() => plot?.cursor(null)}>
          {plot === null && <Spark points={points} {...(limit === undefined ? {} : { limit })} label={summary} />}
        </div>
      )}
      {!small && enough && <p class="plot-at soft small num">{said ? <span aria-hidden="true">{said}</span> : `times in ${zoneName(inZone, new Date(points.at(-1)!.at))}`}</p>}
      {!small && points.length > 0 && <Values points={points} name={name} valueOf={valueOf} {...(wordHead ? { wordHead } : {})} />}
    </figure>
  );
}
