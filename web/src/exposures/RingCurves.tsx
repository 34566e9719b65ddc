import type { Ref } from "react";
import type { RingsDocument } from "../api/types";
import { Axes } from "../charts/Axes";
import { csvOf } from "../charts/csv";
import { Legends } from "../charts/Legends";
import { scaleOf } from "../charts/scales";

const WIDTH = 348;
const BOX = { left: 30, right: 338, top: 18, bottom: 92 };
const LINES = [
  { name: "measured", of: (rings: RingsDocument) => rings.measured, colour: "var(--ink)", width: 1.1, dash: "" },
  { name: "fit", of: (rings: RingsDocument) => rings.fitted, colour: "var(--plot-3)", width: 1.2, dash: "4 2" },
  { name: "agreement", of: (rings: RingsDocument) => rings.agreement, colour: "var(--plot-1)", width: 1.8, dash: "" },
];

/** The spectrum and its fit along the rings, and how well they agree. */
export function RingCurves({ rings, ref }: { rings: RingsDocument; ref: Ref<SVGSVGElement> }) {
  const x = scaleOf("frequency", [0, rings.edge], BOX.left, BOX.right, 34);
  const y = scaleOf("linear", [0, 1], BOX.bottom, BOX.top, 60);
  const at = rings.fit_resolution === null ? null : x.place(1 / rings.fit_resolution);
  const said = rings.fit_resolution === null ? "Power spectrum along its rings, and the fit" : `Power spectrum along its rings, which follow the fit to ${rings.fit_resolution.toFixed(1)} Å`;
  return (
    <>
      <svg ref={ref} className="chart" viewBox={`0 0 ${WIDTH} 112`} role="img" aria-label={said}>
        <Axes box={BOX} x={x} y={y} />
        {LINES.map((line) => (
          <polyline
            key={line.name}
            points={line.of(rings).map((value, place) => `${x.place(rings.frequencies[place] ?? 0).toFixed(1)},${y.place(Math.min(1, Math.max(0, value))).toFixed(1)}`).join(" ")}
            fill="none"
            stroke={line.colour}
            strokeWidth={line.width}
            strokeDasharray={line.dash || undefined}
          />
        ))}
        {at !== null && rings.fit_resolution !== null && (
          <>
            <line className="thr" x1={at} x2={at} y1={BOX.top - 6} y2={BOX.bottom} strokeDasharray="3 3" />
            <text className="strong over-lines" x={at > WIDTH - 80 ? at - 4 : at + 4} y={BOX.top - 6} textAnchor={at > WIDTH - 80 ? "end" : "start"}>{`fits to ${rings.fit_resolution.toFixed(1)} Å`}</text>
          </>
        )}
      </svg>
      <Legends keys={LINES} />
    </>
  );
}

/** The same as a table. */
export function ringsTable(rings: RingsDocument): string {
  const rows = rings.frequencies.map((frequency, at) => [frequency, frequency > 0 ? Number((1 / frequency).toFixed(4)) : null, ...LINES.map((line) => line.of(rings)[at] ?? null)]);
  return csvOf(["spatial frequency (1/Å)", "resolution (Å)", ...LINES.map((line) => line.name)], rows);
}
