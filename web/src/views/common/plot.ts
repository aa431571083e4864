// The drawing of a chart, which is fetched when the first one is shown: a line over time, its limit, marks in time. uPlot
// draws on a canvas; colours are those of the style sheet, read again when the theme changes.

import uPlot from "uplot";
import { formatValue } from "../../lib/format";

export interface PlotPoint {
  /** ms */
  at: number;
  value: number | null;
  bad?: boolean;
}

export interface PlotData {
  points: readonly PlotPoint[];
  /** A dashed line. */
  limit?: number | undefined;
  /** Moments with a word, drawn where they fall within the points. */
  marks: readonly { at: number; label: string }[];
}

export interface PlotStyle {
  small: boolean;
  /** The time of a tick; spanMs lies between the first and the last. */
  timeOf: (ms: number, spanMs: number) => string;
  /** The cursor is at this point, by the pointer; null = it left. */
  onCursor: (index: number | null) => void;
}

type Ink = "accent" | "bad" | "line" | "soft";
const INKS: Ink[] = ["accent", "bad", "line", "soft"];

/** Colours as the canvas needs them: light-dark() and system colours resolved. */
function inks(box: HTMLElement): Record<Ink, string> {
  const probe = document.createElement("span");
  probe.hidden = true;
  box.append(probe);
  const found = INKS.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found) as Record<Ink, string>;
}

const FONT = "11px system-ui, sans-serif";
const TICK_PX = 72;
const VALUES_PX = 46;
const DIGIT_PX = 7;

/** Of the axis of values: as its longest one needs. */
const widthOf = (values: string[] | null): number => Math.max(VALUES_PX, ...(values ?? []).map((value) => value.length * DIGIT_PX + 10));

/** Ticks that lie within one second would all say the same. */
const withoutRepeats = (labels: string[]): string[] => labels.map((label, i) => (label === labels[i - 1] ? "" : label));

export class Plot {
  private readonly plot: uPlot;
  private readonly observer: ResizeObserver;
  private readonly media = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((query) => matchMedia(query));
  private readonly theme: MutationObserver;
  private colour: Record<Ink, string>;

  constructor(private readonly box: HTMLElement, private data: PlotData, private readonly style: PlotStyle) {
    this.colour = inks(box);
    this.plot = new uPlot(this.options(), this.columns(), box);
    this.observer = new ResizeObserver(() => this.plot.setSize(this.size()));
    this.observer.observe(box);
    for (const media of this.media) media.addEventListener("change", this.recolour);
    this.theme = new MutationObserver(this.recolour);
    this.theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  destroy(): void {
    this.observer.disconnect();
    this.theme.disconnect();
    for (const media of this.media) media.removeEventListener("change", this.recolour);
    this.plot.destroy();
  }

  put(data: PlotData): void {
    this.data = data;
    this.plot.setData(this.columns());
  }

  /** Another zone of times. */
  redraw(): void {
    this.plot.redraw(false, true);
  }

  cursor(index: number | null): void {
    const at = index === null ? undefined : this.data.points[index];
    const left = at ? this.plot.valToPos(at.at, "x") : -10;
    this.plot.setCursor({ left, top: at ? 0 : -10 }, false);
  }

  private readonly recolour = (): void => {
    this.colour = inks(this.box);
    this.plot.redraw(false, true);
  };

  private size(): { width: number; height: number } {
    return { width: Math.max(1, this.box.clientWidth), height: Math.max(1, this.box.clientHeight) };
  }

  private columns(): uPlot.AlignedData {
    const { points } = this.data;
    return [
      points.map(({ at }) => at),
      points.map(({ value }) => value),
      points.map(({ value, bad }) => (bad ? value : null)),
    ];
  }

  private options(): uPlot.Options {
    const axis = { stroke: () => this.colour.soft, font: FONT, ticks: { show: false }, grid: { stroke: () => this.colour.line, width: 1 } };
    const span = (plot: uPlot) => (plot.scales["x"]!.max ?? 0) - (plot.scales["x"]!.min ?? 0);
    return {
      ...this.size(),
      ms: 1,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      padding: [6, 10, this.style.small ? 4 : 0, this.style.small ? 6 : 0],
      scales: { y: { range: (_plot, min, max) => this.range(min, max) } },
      axes: [
        { ...axis, show: !this.style.small, space: TICK_PX, size: 26, values: (plot, splits) => withoutRepeats(splits.map((at) => this.style.timeOf(at, span(plot)))) },
        { ...axis, show: !this.style.small, space: 28, size: (_plot, values) => widthOf(values), values: (_plot, splits) => splits.map((value) => formatValue(value)) },
      ],
      series: [
        {},
        { stroke: () => this.colour.accent, width: 1.5, points: { show: false } },
        { stroke: () => this.colour.bad, paths: () => null, points: { show: true, size: 6, fill: () => this.colour.bad } },
      ],
      hooks: {
        drawClear: [(plot) => this.drawMarks(plot)],
        draw: [(plot) => this.drawLimit(plot)],
        setCursor: [(plot) => this.style.onCursor((plot.cursor.left ?? -1) >= 0 ? plot.cursor.idx ?? null : null)],
      },
    };
  }

  private range(min: number | null, max: number | null): uPlot.Range.MinMax {
    const top = Math.max(max ?? 0, this.data.limit ?? 0);
    return [Math.min(0, min ?? 0), top > 0 ? top * 1.15 : 1];
  }

  private drawLimit({ ctx, bbox, valToPos }: uPlot): void {
    if (this.data.limit === undefined) return;
    const y = Math.round(valToPos(this.data.limit, "y", true));
    ctx.save();
    ctx.strokeStyle = this.colour.bad;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }

  private drawMarks({ ctx, bbox, valToPos, scales }: uPlot): void {
    const { min, max } = scales["x"]!;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = this.colour.soft;
    ctx.lineWidth = devicePixelRatio;
    ctx.font = FONT.replace("11px", `${11 * devicePixelRatio}px`);
    ctx.textBaseline = "top";
    for (const { at, label } of this.data.marks) {
      if (min == null || max == null || at < min || at > max) continue;
      const x = Math.round(valToPos(at, "x", true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const gap = 4 * devicePixelRatio;
      const fits = x + gap + ctx.measureText(label).width < bbox.left + bbox.width;
      ctx.textAlign = fits ? "left" : "right";
      if (!this.style.small) ctx.fillText(label, fits ? x + gap : x - gap, bbox.top + 2 * devicePixelRatio);
    }
    ctx.restore();
  }
}
