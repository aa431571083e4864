// A small line of values with its limit, drawn as SVG (a mark is a line of no length
// with round ends, because the picture is stretched). The numbers stand beside it as text.

export interface SparkPoint {
  value: number | null;
  bad?: boolean;
}

const WIDTH = 240;
const HEIGHT = 48;
const PAD = 3;

export function Spark({ points, limit, label }: { points: readonly SparkPoint[]; limit?: number; label: string }) {
  const values = points.flatMap((point) => (point.value === null ? [] : [point.value]));
  if (values.length < 2) return <div class="spark none" aria-hidden="true" />;
  const top = Math.max(...values, limit ?? 0) * 1.1 || 1;
  const x = (index: number) => PAD + (index / (points.length - 1)) * (WIDTH - 2 * PAD);
  const y = (value: number) => HEIGHT - PAD - (Math.max(0, value) / top) * (HEIGHT - 2 * PAD);
  // a gap in the data is a gap in the line
  let line = "";
  let open = false;
  points.forEach(({ value }, index) => {
    if (value !== null) line += `${open ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    open = value !== null;
  });
  const last = points.findLastIndex((point) => point.value !== null);
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {limit !== undefined && <line class="limit" x1="0" x2={WIDTH} y1={y(limit)} y2={y(limit)} />}
      <path class="line" d={line} />
      {points.map((point, index) => point.bad && point.value !== null
        ? <path key={index} class="mark bad" d={`M${x(index)} ${y(point.value)}h0`} /> : null)}
      {last >= 0 && <path class="mark" d={`M${x(last)} ${y(points[last]!.value!)}h0`} />}
    </svg>
  );
}
