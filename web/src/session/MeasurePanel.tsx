import { useMemo, useRef, type PointerEvent } from "react";
import { clock, fixed } from "../exposures/numbers";
import type { Column } from "../exposures/table";
import { count } from "../kit/format";
import { Quantity } from "../kit/Quantity";
import { savePng, saveSvg } from "../maps/charts/save";
import { scaleOf } from "../maps/charts/scales";
import { Handle } from "./Handle";
import { binned, countsIn, extentOf, isIn, medianOf, withEnd, type Range } from "./thresholds";

const [WIDTH, HEIGHT] = [640, 128];
const BOX = { left: 44, right: 500, top: 8, bottom: 108, bars: 594 };
const BINS = 32;
const MOST_POINTS = 1500;

interface Props {
  column: Column;
  times: readonly (number | null)[];
  range: Range | undefined;
  /** Null: no threshold can be put on it, or nobody may. */
  change: ((range: Range) => void) | null;
}

/** A measure over time, and how often each value is there, on one axis; on that lie the thresholds. */
export function MeasurePanel({ column: { measure, values }, times, range, change }: Props) {
  const drawing = useRef<SVGSVGElement>(null);
  const extent = useMemo(() => extentOf(values, range), [values, range]);
  const { kept, out } = useMemo(() => countsIn(values, range), [values, range]);
  const y = scaleOf("linear", extent, BOX.bottom, BOX.top, 22);
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
        <span className="saves" role="group" aria-label={`Save: ${measure.label}`}>
          <button type="button" onClick={() => void (drawing.current && savePng(drawing.current, measure.name))}>PNG</button>
          <button type="button" onClick={() => drawing.current && saveSvg(drawing.current, measure.name)}>SVG</button>
        </span>
      </header>
      <svg ref={drawing} className="chart measure" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={`${measure.label} over time, with its histogram`}>
        {y.ticks.map((tick) => (
          <g key={tick.value}>
            <line className="gridline" x1={BOX.left} x2={BOX.bars} y1={y.place(tick.value)} y2={y.place(tick.value)} />
            <text x={BOX.left - 6} y={y.place(tick.value) + 4} textAnchor="end">{tick.words}</text>
          </g>
        ))}
        <Points values={values} times={times} place={y.place} range={range} />
        <Bars values={values} extent={extent} place={y.place} range={range} />
        {change && (["low", "high"] as const).map((end) => (
          <Handle key={end} end={end} label={`${measure.label}, ${end === "low" ? "least" : "most"} that is kept`} value={range?.[end] ?? null} words={shown(range?.[end] ?? 0)} extent={extent} place={y.place} valueAt={valueAt} move={(value) => change(withEnd(range, end, round(value)))} />
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
function Points({ values, times, place, range }: Drawn & { times: readonly (number | null)[] }) {
  const known = times.filter((time) => time !== null);
  const [first, last] = [Math.min(...known.slice(0, 1), ...known.slice(-1)), Math.max(...known.slice(0, 1), ...known.slice(-1))];
  const along = (at: number) => {
    const time = times[at] ?? null;
    const share = time === null || last <= first ? at / Math.max(1, values.length - 1) : (time - first) / (last - first);
    return BOX.left + 4 + share * (BOX.right - BOX.left - 8);
  };
  const step = Math.max(1, Math.ceil(values.length / MOST_POINTS));
  const drawn = (inside: boolean) =>
    values
      .flatMap((value, at) => (at % step !== 0 || value === null || (range ? isIn(value, range) : true) !== inside ? [] : [`M${along(at).toFixed(1)} ${within(place(value)).toFixed(1)}h0`]))
      .join("");
  const ends = known.length > 0 ? [first, first + (last - first) / 2, last] : [];
  return (
    <>
      <path className="dots out" d={drawn(false)} />
      <path className="dots" d={drawn(true)} />
      {ends.map((time, at) => <text key={at} x={BOX.left + 4 + (at / 2) * (BOX.right - BOX.left - 8)} y={HEIGHT - 4} textAnchor={at === 0 ? "start" : at === 1 ? "middle" : "end"}>{clock(time, false)}</text>)}
    </>
  );
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
