import { useRef, type Ref } from "react";
import type { ExposureDocument } from "../api/types";
import { csvOf } from "../charts/csv";
import { Saves } from "../charts/Saves";
import { Quantity } from "../kit/Quantity";
import { framed, steps } from "./drift";
import { fixed } from "../kit/format";

const PATH = { left: 14, top: 10, width: 126, height: 70 };
const BARS = { left: 190, right: 338, top: 24, bottom: 80 };

/** How the specimen moved: its path, and how far from frame to frame. */
export function DriftPart({ exposure, name }: { exposure: ExposureDocument; name: string }) {
  const drawing = useRef<SVGSVGElement>(null);
  const { drift, drift_missing: missing, numbers } = exposure;
  const total = numbers.find((one) => one.label === "Motion, total");
  if (!drift && !missing) return null; // imported as an image: it never had frames
  return (
    <section aria-labelledby="drift">
      <div className="sechead">
        <h3 id="drift">Drift</h3>
        {total && <span className="sm dim">total <Quantity {...fixed(total.value, 1, "Å")} />{drift?.local ? ", local motion corrected" : ""}</span>}
        {drift && drift.frames.length > 1 && <Saves title={`${name}: drift in x and y, and from frame to frame, in Å`} name={`${name}-drift`} drawing={drawing} table={() => csvOf(["frame", "x (Å)", "y (Å)"], drift.frames.map((frame, at) => [frame, drift.x[at] ?? null, drift.y[at] ?? null]))} />}
      </div>
      {missing && <p className="sm dim">{missing}</p>}
      {drift && drift.frames.length > 1 && <Drawing ref={drawing} x={drift.x} y={drift.y} last={drift.frames.at(-1) ?? 0} />}
    </section>
  );
}

function Drawing({ x, y, last, ref }: { x: readonly number[]; y: readonly number[]; last: number; ref: Ref<SVGSVGElement> }) {
  const { points, spanX, spanY } = framed({ x, y }, PATH.width, PATH.height);
  const lengths = steps({ x, y });
  const most = Math.max(...lengths, 1e-9);
  const each = (BARS.right - BARS.left) / lengths.length;
  return (
    <svg ref={ref} className="chart" viewBox="0 0 348 102" role="img" aria-label={`Path of the specimen over ${spanX.toFixed(1)} Å in x and ${spanY.toFixed(1)} Å in y, and its steps of at most ${most.toFixed(1)} Å from frame to frame`}>
      <path className="axis" d={`M${PATH.left - 6} ${PATH.top - 4}v${PATH.height + 10}h${PATH.width + 12}`} fill="none" />
      <polyline points={points.map(([px, py]) => `${(PATH.left + px).toFixed(1)},${(PATH.top + py).toFixed(1)}`).join(" ")} fill="none" stroke="var(--ink-2)" strokeWidth={1.4} />
      {points.map(([px, py], at) => <circle key={at} cx={PATH.left + px} cy={PATH.top + py} r={at === 0 ? 3.5 : 1.6} fill={at === 0 ? "var(--plot-1)" : "var(--ink-2)"} />)}
      <text x={PATH.left - 6} y={99}>{`${spanX.toFixed(1)} Å in x, ${spanY.toFixed(1)} Å in y`}</text>
      <path className="axis" d={`M${BARS.left - 4} ${BARS.top - 6}V${BARS.bottom}H${BARS.right}`} fill="none" />
      {lengths.map((length, at) => <rect key={at} x={BARS.left + at * each} y={BARS.bottom - (length / most) * (BARS.bottom - BARS.top)} width={Math.max(0.5, each - 0.8)} height={(length / most) * (BARS.bottom - BARS.top)} fill="var(--plot-1)" />)}
      <text x={BARS.right} y={14} textAnchor="end">{`to ${most.toFixed(1)} Å per frame`}</text>
      <text x={BARS.left - 4} y={96}>frame 1</text>
      <text x={BARS.right} y={96} textAnchor="end">{last}</text>
    </svg>
  );
}
