import { useId, useMemo, useState, type PointerEvent, type RefObject } from "react";
import type { PlotDocument } from "../../api/types";
import { Axes, withUnit } from "../../charts/Axes";
import { scaleOf, type Scale } from "../../charts/scales";
import { pictureOf } from "./raster";
import { rangeOf, type Marked, type Range } from "./ranges";

const WIDTH = 460;
const HEIGHT = 320;
const BOX = { left: 62, right: 448, top: 12, bottom: 278 };
const LEAST = 4; // px that are drawn over before anything is marked

interface Props {
  plot: PlotDocument;
  said: string;
  marked: Marked;
  mark: (marked: Marked) => void;
  drawing: RefObject<SVGSVGElement | null>;
}

/** One column in bins, or two against each other; what is drawn over is marked. By the keyboard, fields mark the same. */
export function PlotChart({ plot, said, marked, mark, drawing }: Props) {
  const [from, setFrom] = useState<DOMPoint | null>(null);
  const most = plot.counts.reduce((one, other) => Math.max(one, other), 1);
  const x = scaleOf("linear", [plot.x.low, plot.x.high], BOX.left, BOX.right, 52);
  const y = scaleOf("linear", plot.y ? [plot.y.low, plot.y.high] : [0, most * 1.04], BOX.bottom, BOX.top, 24);
  const drawn = (to: DOMPoint) => {
    if (!from || Math.hypot(to.x - from.x, to.y - from.y) < LEAST) return;
    mark({
      x: rangeOf(plot.x, valueAt(plot.x, from.x, BOX.left, BOX.right), valueAt(plot.x, to.x, BOX.left, BOX.right)),
      y: plot.y && rangeOf(plot.y, valueAt(plot.y, from.y, BOX.bottom, BOX.top), valueAt(plot.y, to.y, BOX.bottom, BOX.top)),
    });
  };
  const begin = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    setFrom(placeOf(event, drawing.current));
  };
  return (
    <div className="brush" onPointerDown={begin} onPointerMove={(event) => from && drawn(placeOf(event, drawing.current))} onPointerUp={() => setFrom(null)} onPointerCancel={() => setFrom(null)}>
      <svg ref={drawing} className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}>
        <Axes box={BOX} x={x} y={y} along={withUnit(plot.x.name, plot.x.unit)} up={plot.y ? withUnit(plot.y.name, plot.y.unit) : "rows"} />
        {plot.drawn === "histogram" && <path d={stepsOf(plot, x, y)} fill="var(--plot-1)" />}
        {plot.drawn === "points" && <path d={plot.points_x.map((value, at) => `M${x.place(value).toFixed(1)} ${y.place(plot.points_y[at] ?? 0).toFixed(1)}h0`).join("")} stroke="var(--plot-1)" strokeWidth={3} strokeLinecap="round" opacity={0.6} />}
        {plot.drawn === "density" && <Density plot={plot} />}
        <MarkedBox marked={marked} x={x} y={y} />
      </svg>
    </div>
  );
}

/** A density: its picture is a mask, so that its colour is that of the theme. */
function Density({ plot }: { plot: PlotDocument }) {
  const id = useId();
  const picture = useMemo(() => pictureOf(plot.counts, plot.columns), [plot]);
  const place = { x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height: BOX.bottom - BOX.top };
  return (
    <>
      <mask id={id} {...place} maskUnits="userSpaceOnUse"><image href={picture} {...place} preserveAspectRatio="none" imageRendering="pixelated" /></mask>
      <rect {...place} fill="var(--plot-1)" mask={`url(#${id})`} />
    </>
  );
}

function MarkedBox({ marked, x, y }: { marked: Marked; x: Scale; y: Scale }) {
  if (!marked.x && !marked.y) return null;
  const [left, right] = placed(marked.x, x, BOX.left, BOX.right);
  const [bottom, top] = placed(marked.y, y, BOX.bottom, BOX.top);
  return <rect data-tool className="marked" x={left} y={top} width={Math.max(1, right - left)} height={Math.max(1, bottom - top)} />;
}

/** Where limits lie along an axis; the ends of the axis where there are none. */
function placed(range: Range | null, scale: Scale, start: number, end: number): [number, number] {
  const place = (limit: number | null | undefined, none: number) => (limit == null ? none : held(scale.place(limit), Math.min(start, end), Math.max(start, end)));
  return [place(range?.[0], start), place(range?.[1], end)];
}

function stepsOf({ counts, x: axis }: PlotDocument, x: Scale, y: Scale): string {
  const width = (axis.high - axis.low) / counts.length;
  return counts.map((count, at) => (count === 0 ? "" : `M${x.place(axis.low + at * width).toFixed(2)} ${BOX.bottom}V${y.place(count).toFixed(2)}H${(x.place(axis.low + (at + 1) * width) - 0.5).toFixed(2)}V${BOX.bottom}z`)).join("");
}

function placeOf(event: PointerEvent, drawing: SVGSVGElement | null): DOMPoint {
  const place = new DOMPoint(event.clientX, event.clientY);
  return drawing ? place.matrixTransform(drawing.getScreenCTM()?.inverse()) : place;
}

function valueAt({ low, high }: PlotDocument["x"], at: number, start: number, end: number): number {
  return low + ((at - start) / (end - start)) * (high - low);
}

function held(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
