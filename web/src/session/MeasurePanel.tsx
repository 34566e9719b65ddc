import { useMemo, useRef, type PointerEvent } from "react";
import { Axes, withUnit } from "../charts/Axes";
import { Saves } from "../charts/Saves";
import { scaleOf, type Scale } from "../charts/scales";
import type { Column } from "../exposures/table";
import { clock, count, fixed } from "../kit/format";
import { Quantity } from "../kit/Quantity";
import { Handle } from "./Handle";
import { measureTable } from "./measureTable";
import { binned, countsIn, extentOf, isIn, medianOf, withEnd, type Range } from "./thresholds";

const [WIDTH, HEIGHT] = [568, 128]; // as wide as it is in a window of 1280 px, so that its text is 11 px there
const BOX = { left: 44, right: 432, top: 8, bottom: 108, bars: 522 };
const BINS = 32;
const MOST_POINTS = 1500;

interface Props {
  column: Column;
  times: readonly (number | null)[];
  names: readonly string[];
  range: Range | undefined;
  /** Null: no threshold can be put on it, or nobody may. */
  change: ((range: Range) => void) | null;
}

/** A measure over time, and how often each value is there, on one axis; on that lie the thresholds. */
export function MeasurePanel({ column: { measure, values }, times, names, range, change }: Props) {
  const drawing = useRef<SVGSVGElement>(null);
  const extent = useMemo(() => extentOf(values, range), [values, range]);
  const { kept, out } = useMemo(() => countsIn(values, range), [values, range]);
  const y = scaleOf("linear", extent, BOX.bottom, BOX.top, 22);
  const x = timesOf(times);
  const along = (at: number) => placeAlong(times[at] ?? null, at, values.length, x);
  const shown = (value: number) => fixed(value, measure.digits).value;
  const median = medianOf(values);
  const valueAt = (event: PointerEvent) => {
    const box = drawing.current?.getBoundingClientRect();
    const at = box ? ((event.clientY - box.top) / box.height) * HEIGHT : BOX.bottom;
    const share = (BOX.bottom - Math.min(BOX.bottom, Math.max(BOX.top, at))) / (BOX.bottom - BOX.top);
    return extent[0] + share * (extent[1] - extent[0]);
  };
  const round = (value: number | null) => (value === null ? null : Number(value.toPrecision(3)));
  return (
    <section className="panel" aria-labelledby={`measure-${measure.name}`}>
      <header>
        <h2 id={`measure-${measure.name}`}>{measure.label} {measure.unit && <span className="u">{measure.unit}</span>}</h2>
        {median !== null && <span className="sm dim">median <Quantity {...fixed(median, measure.digits, measure.unit)} /></span>}
        <span className="grow" />
        {change && <span className="sm nw" role="status"><b>{count(kept)}</b> <span className="faint">kept</span> · <b>{count(out)}</b> <span className="faint">out</span></span>}
        <Saves title={`${withUnit(measure.label, measure.unit)} by time of day, and how often`} name={measure.name} drawing={drawing} table={() => measureTable({ measure, values }, names, times, range)} />
      </header>
      <svg ref={drawing} className="chart measure" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={`${measure.label} over time, with its histogram`}>
        <Axes box={{ ...BOX, right: BOX.bars }} x={x} y={y} />
        <Points values={values} along={along} place={y.place} range={range} />
        <Bars values={values} extent={extent} place={y.place} range={range} />
        {change && (["low", "high"] as const).map((end) => (
          <Handle key={end} end={end} label={`${measure.label}, ${end === "low" ? "least" : "most"} that is kept`} value={range?.[end] ?? null} words={shown(range?.[end] ?? 0)} extent={extent} left={BOX.left} right={BOX.bars + 2} place={y.place} valueAt={valueAt} move={(value) => change(withEnd(range, end, round(value)))} />
        ))}
      </svg>
    </section>
  );
}

interface Drawn {
  values: readonly (number | null)[];
  place: (value: number) => number;
  range: Range | undefined;
}

/** One point each, or of so many only some, so that a long session is drawn as fast as a short one. */
function Points({ values, along, place, range }: Drawn & { along: (at: number) => number }) {
  const step = Math.max(1, Math.ceil(values.length / MOST_POINTS));
  const drawn = (inside: boolean) =>
    values
      .flatMap((value, at) => (at % step !== 0 || value === null || (range ? isIn(value, range) : true) !== inside ? [] : [`M${along(at).toFixed(1)} ${within(place(value)).toFixed(1)}h0`]))
      .join("");
  return (
    <>
      <path className="dots out" d={drawn(false)} />
      <path className="dots" d={drawn(true)} />
    </>
  );
}

/** Times of day along the axis, from the first to the last that is known; they come in order. */
function timesOf(times: readonly (number | null)[]): Scale {
  const known = times.filter((time) => time !== null);
  const [first, last] = [known[0] ?? 0, known.at(-1) ?? 0];
  const ends = known.length === 0 ? [] : first === last ? [first] : [first, (first + last) / 2, last];
  return {
    place: (time) => BOX.left + 4 + (last > first ? (time - first) / (last - first) : 0.5) * (BOX.right - BOX.left - 8),
    ticks: ends.map((value) => ({ value, words: clock(value, false) })),
  };
}

/** Exposures whose time is not known lie evenly, in their order. */
function placeAlong(time: number | null, at: number, of: number, x: Scale): number {
  if (time !== null && x.ticks.length > 1) return x.place(time);
  return BOX.left + 4 + (at / Math.max(1, of - 1)) * (BOX.right - BOX.left - 8);
}

function Bars({ values, extent, place, range }: Drawn & { extent: readonly [number, number] }) {
  const counts = binned(values, extent, BINS);
  const most = Math.max(1, ...counts);
  const each = (extent[1] - extent[0]) / BINS;
  return counts.map((held, bin) => {
    const middle = extent[0] + (bin + 0.5) * each;
    const width = (held / most) * (BOX.bars - BOX.right - 8);
    return held > 0 && <rect key={bin} className={!range || isIn(middle, range) ? "hbar" : "hbar out"} x={BOX.right + 8} y={place(middle + each / 2)} width={width} height={Math.max(1, Math.abs(place(middle) - place(middle + each)) - 0.8)} />;
  });
}

/** Points far out lie on the edge. */
function within(place: number): number {
  return Math.min(BOX.bottom, Math.max(BOX.top, place));
}
